//! Text to token ids, by the model's own tokenizer.

use std::path::{Path, PathBuf};

use thiserror::Error;
use tokenizers::Tokenizer;

use crate::chunk::CountTokens;

/// A tokenizer file that cannot be used.
#[derive(Debug, Error)]
#[error("the tokenizer {path:?} cannot be used: {cause}", path = path.display())]
pub struct TokenizerError {
    path: PathBuf,
    cause: String,
}

/// The token ids of one text, special tokens included, within the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    ids: Vec<u32>,
}

impl Tokens {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none, which no model is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i64> + '_ {
        self.ids.iter().map(|id| i64::from(*id))
    }
}

/// A model's tokenizer and its window.
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    prefix: String,
    max_tokens: usize,
    overhead: usize,
}

impl TextTokenizer {
    /// Reads `path`; `prefix` stands before every text, and a text with its
    /// special tokens has at most `max_tokens`.
    ///
    /// # Errors
    /// [`TokenizerError`] if the file is missing or not a tokenizer.
    pub fn open(path: &Path, prefix: &str, max_tokens: usize) -> Result<Self, TokenizerError> {
        let refused = |cause: tokenizers::Error| TokenizerError {
            path: path.to_owned(),
            cause: cause.to_string(),
        };
        let mut tokenizer = Tokenizer::from_file(path).map_err(refused)?;
        // Some files force truncation and padding to a length of their own.
        tokenizer.with_truncation(None).map_err(refused)?;
        tokenizer.with_padding(None);
        let empty = tokenizer.encode_fast(prefix, true).map_err(refused)?;
        let overhead = empty.get_ids().len();
        Ok(Self {
            tokenizer,
            prefix: prefix.to_owned(),
            max_tokens,
            overhead,
        })
    }

    /// Tokens that are left for a text: the window without special tokens and prefix.
    #[must_use]
    pub fn room(&self) -> usize {
        self.max_tokens.saturating_sub(self.overhead)
    }

    /// Tokens it can give, special ones included: one more than the highest id.
    pub(super) fn vocabulary(&self) -> usize {
        let words = self.tokenizer.get_vocab(true);
        words
            .values()
            .max()
            .map_or(0, |highest| *highest as usize + 1)
    }

    /// A text of nothing but the token with the highest id.
    pub(super) fn last_token(&self) -> Tokens {
        let last = u32::try_from(self.vocabulary().saturating_sub(1)).unwrap_or(u32::MAX);
        Tokens { ids: vec![last] }
    }

    /// The tokens of `text`; what goes beyond the window is cut off, the final
    /// special token kept.
    ///
    /// # Errors
    /// [`TokenizerError`] if the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Tokens, TokenizerError> {
        let refused = |cause: tokenizers::Error| TokenizerError {
            path: PathBuf::new(),
            cause: cause.to_string(),
        };
        let encoding = if self.prefix.is_empty() {
            self.tokenizer.encode_fast(text, true)
        } else {
            self.tokenizer
                .encode_fast(format!("{}{text}", self.prefix), true)
        };
        let mut ids = encoding.map_err(refused)?.get_ids().to_vec();
        if ids.len() > self.max_tokens
            && let Some(last) = ids.last().copied()
        {
            ids.truncate(self.max_tokens - 1);
            ids.push(last);
        }
        Ok(Tokens { ids })
    }
}

impl CountTokens for TextTokenizer {
    fn count(&self, text: &str) -> usize {
        // A text that the tokenizer refuses fails at `encode`, with its reason.
        self.tokenizer
            .encode_fast(text, false)
            .map_or(0, |encoding| encoding.get_ids().len())
    }
}
