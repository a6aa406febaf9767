//! Text to token ids, by the model's own tokenizer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// The tokens of one text, special ones included, within the window, as the
/// model is given them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    input: Input,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Input {
    /// A model that runs here takes their numbers.
    Ids(Vec<u32>),
    /// A server makes them itself.
    Text { text: String, tokens: usize },
}

impl Tokens {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.input {
            Input::Ids(ids) => ids.len(),
            Input::Text { tokens, .. } => *tokens,
        }
    }

    /// Whether there is none, which no model is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i64> + '_ {
        let ids = match &self.input {
            Input::Ids(ids) => ids.as_slice(),
            Input::Text { .. } => &[],
        };
        ids.iter().map(|id| i64::from(*id))
    }

    /// The text, for a server; empty for a model that runs here.
    pub(super) fn text(&self) -> &str {
        match &self.input {
            Input::Ids(_) => "",
            Input::Text { text, .. } => text,
        }
    }
}

/// A model's tokenizer and its window.
#[derive(Clone)]
pub struct TextTokenizer {
    measure: Measure,
    prefix: String,
    max_tokens: usize,
    overhead: usize,
    /// Whether capitals are small letters to it.
    folds_case: bool,
    /// Whether a server takes the texts, and not their tokens.
    keeps_text: bool,
}

/// How the tokens of a text are counted.
#[derive(Clone)]
enum Measure {
    Tokenizer(Arc<Tokenizer>),
    /// Of a model whose tokenizer is not here: so many bytes are taken for one.
    Bytes(usize),
}

/// Special tokens that a model whose tokenizer is not here may add.
const SPECIAL_TOKENS: usize = 2;

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
        let folds_case = folds_case(&tokenizer).map_err(refused)?;
        Ok(Self {
            folds_case,
            measure: Measure::Tokenizer(Arc::new(tokenizer)),
            prefix: prefix.to_owned(),
            max_tokens,
            overhead,
            keeps_text: false,
        })
    }

    /// One that takes `bytes_per_token` bytes for a token.
    pub(super) fn estimate(max_tokens: usize, bytes_per_token: usize) -> Self {
        Self {
            measure: Measure::Bytes(bytes_per_token),
            folds_case: false,
            prefix: String::new(),
            max_tokens,
            overhead: SPECIAL_TOKENS,
            keeps_text: true,
        }
    }

    /// The same, for a server that makes the tokens itself.
    pub(super) fn for_a_server(self) -> Self {
        Self {
            keeps_text: true,
            ..self
        }
    }

    /// The same, with another text before every text.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..self.clone()
        }
    }

    /// Tokens that are left for a text: the window without special tokens and prefix.
    #[must_use]
    pub fn room(&self) -> usize {
        self.max_tokens.saturating_sub(self.overhead)
    }

    /// Tokens it can give, special ones included: one more than the highest id.
    pub(super) fn vocabulary(&self) -> usize {
        let words = match &self.measure {
            Measure::Tokenizer(tokenizer) => tokenizer.get_vocab(true),
            Measure::Bytes(_) => HashMap::default(),
        };
        words
            .values()
            .max()
            .map_or(0, |highest| *highest as usize + 1)
    }

    /// A text of nothing but the token with the highest id.
    pub(super) fn last_token(&self) -> Tokens {
        let last = u32::try_from(self.vocabulary().saturating_sub(1)).unwrap_or(u32::MAX);
        Tokens {
            input: Input::Ids(vec![last]),
        }
    }

    /// The tokens of `text`; what goes beyond the window is cut off, the final
    /// special token kept.
    ///
    /// # Errors
    /// [`TokenizerError`] if the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Tokens, TokenizerError> {
        let whole = if self.prefix.is_empty() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(format!("{}{text}", self.prefix))
        };
        let input = match &self.measure {
            Measure::Bytes(bytes) => self.estimated(&whole, *bytes),
            Measure::Tokenizer(tokenizer) if self.keeps_text => self.cut(tokenizer, &whole)?,
            Measure::Tokenizer(tokenizer) => self.numbered(tokenizer, &whole)?,
        };
        Ok(Tokens { input })
    }

    fn numbered(&self, tokenizer: &Tokenizer, text: &str) -> Result<Input, TokenizerError> {
        let encoding = tokenizer.encode_fast(text, true).map_err(refused)?;
        let mut ids = encoding.get_ids().to_vec();
        if ids.len() > self.max_tokens
            && let Some(last) = ids.last().copied()
        {
            ids.truncate(self.max_tokens - 1);
            ids.push(last);
        }
        Ok(Input::Ids(ids))
    }

    /// The text up to where its last token in the window ends.
    fn cut(&self, tokenizer: &Tokenizer, text: &str) -> Result<Input, TokenizerError> {
        let encoding = tokenizer.encode(text, true).map_err(refused)?;
        let tokens = encoding.get_ids().len();
        let end = if tokens > self.max_tokens {
            encoding.get_offsets()[self.max_tokens - SPECIAL_TOKENS].1
        } else {
            text.len()
        };
        Ok(Input::Text {
            text: text[..text.floor_char_boundary(end)].to_owned(),
            tokens: tokens.min(self.max_tokens),
        })
    }

    fn estimated(&self, text: &str, bytes_per_token: usize) -> Input {
        let text = &text[..text.floor_char_boundary(self.room() * bytes_per_token)];
        Input::Text {
            text: text.to_owned(),
            tokens: text.len().div_ceil(bytes_per_token) + self.overhead,
        }
    }
}

fn folds_case(tokenizer: &Tokenizer) -> Result<bool, tokenizers::Error> {
    let ids = |text| tokenizer.encode_fast(text, false);
    Ok(ids("fromEvent")?.get_ids() == ids("fromevent")?.get_ids())
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn refused(cause: tokenizers::Error) -> TokenizerError {
    TokenizerError {
        path: PathBuf::new(),
        cause: cause.to_string(),
    }
}

impl CountTokens for TextTokenizer {
    fn count(&self, text: &str) -> usize {
        match &self.measure {
            Measure::Bytes(bytes) => text.len().div_ceil(*bytes),
            // A text that the tokenizer refuses fails at `encode`, with its reason.
            Measure::Tokenizer(tokenizer) => tokenizer
                .encode_fast(text, false)
                .map_or(0, |encoding| encoding.get_ids().len()),
        }
    }

    fn folds_case(&self) -> bool {
        self.folds_case
    }
}
