//! Cuts one file along its syntax into definitions and chunks.
//!
//! The door: [`Chunker::chunk`] takes a [`Source`] and gives a [`ChunkedFile`].
//! The way of a file: [`parse`] within bounds, one [`survey`] of the tree that
//! finds the definitions and their facts, [`layout`] of the lines that each of
//! them owns, [`split`] by the models' windows, and [`compose`] of the chunks.
//! What cannot be parsed is cut line-wise by [`fallback`], with a note.

mod bounds;
mod compose;
mod fallback;
mod file_kind;
mod inputs;
mod layout;
mod lines;
mod metadata;
mod nest;
mod parse;
mod show;
mod split;
mod survey;

use std::borrow::Cow;
use std::ops::Range;
use std::time::{Duration, Instant};

use thiserror::Error;
use tree_sitter::{Parser, QueryCursor};

pub use bounds::MAX_PARSED_BYTES;
pub use file_kind::is_test;
pub use metadata::Metadata;
pub use show::{to_json, to_text};

use crate::identifiers;
pub use crate::language::ChunkKind;
use crate::language::{self, Language, TagsError};
use crate::names::{NamePath, RelPath};
use crate::source::{Digest, Ingredients, LineSpan, Source};
use crate::symbols;

/// Counts tokens as the model that will read the text does.
///
/// Implemented in `embed/`, where the tokenizers are; chunks are sized by it
/// and never by characters.
pub trait CountTokens: Send + Sync {
    /// Number of tokens of `text`, without the special tokens a model adds.
    fn count(&self, text: &str) -> usize;

    /// Whether capitals are small letters to it, so that it does not see where a
    /// word begins inside an identifier.
    fn folds_case(&self) -> bool {
        false
    }

    /// `text` as the model can read it: with room between the words of an
    /// identifier, if it would not see them otherwise.
    fn legible<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.folds_case() {
            identifiers::spaced(text)
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// How much text one model reads at once.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    /// The model's own tokenizer.
    pub counter: &'a dyn CountTokens,
    /// Tokens that fit, special tokens and the document prefix already taken off.
    pub max_tokens: usize,
}

impl Window<'_> {
    /// Tokens of `text`, or more than any window for a text of more than
    /// [`bounds::MAX_BYTES_PER_TOKEN`] bytes for each token that fits:
    /// tokenizing megabytes only to learn that they do not fit takes hundreds
    /// of bytes for each token.
    fn count(&self, text: &str) -> usize {
        if text.len() / bounds::MAX_BYTES_PER_TOKEN > self.max_tokens {
            return usize::MAX;
        }
        self.counter.count(&self.counter.legible(text))
    }
}

/// The windows of the two roles.
#[derive(Clone, Copy)]
pub struct Windows<'a> {
    /// The window of the model of the TEXT role.
    pub text: Window<'a>,
    /// The window of the model of the CODE role.
    pub code: Window<'a>,
}

/// A file cut into definitions and chunks.
#[derive(Debug, Clone)]
pub struct ChunkedFile {
    /// The file's name in the index.
    pub path: RelPath,
    /// Its language.
    pub language: &'static Language,
    /// Digest of its raw bytes.
    pub digest: Digest,
    /// Non-blank lines of the file.
    pub lines_of_code: u32,
    /// The definitions in source order, outer before inner.
    pub definitions: Vec<Definition>,
    /// The chunks: the pieces of the module chunk first (if there is any code
    /// outside definitions), then those of each definition in order.
    pub chunks: Vec<Chunk>,
    /// What it says to other files, by [`symbols::Symbols::to_bytes`]: the lists
    /// take six times the memory, and the file may be under way for a while.
    pub symbols: Box<[u8]>,
    /// The name of the package it belongs to, by the nearest manifest.
    pub package: Option<String>,
    /// What had to be cut or replaced, if anything, in words for the user.
    pub notes: Vec<String>,
}

/// A syntactic thing with a name or a place of its own; one node of the graph.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What it is.
    pub kind: ChunkKind,
    /// Its own name (`render`; `default` for an anonymous default export).
    pub name: String,
    /// Dotted path inside the file (`Button.render`).
    pub qualname: String,
    /// Number among the definitions of this file with equal kind and qualname, from 0.
    pub ordinal: u32,
    /// Lines of its source, doc comment included.
    pub lines: LineSpan,
    /// 1-based line of the first decorator, `export` or keyword, after the doc comment.
    pub definition_line: u32,
    /// Index of the definition that directly encloses it.
    pub parent: Option<usize>,
    /// Its pieces in [`ChunkedFile::chunks`]; never empty.
    pub chunks: Range<usize>,
}

/// A piece of a file: what is embedded, stored and found.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// What it is; `chunk_type` of the readers.
    pub kind: ChunkKind,
    /// Name of its definition, or of the module.
    pub name: String,
    /// Dotted path inside the file; empty for the module chunk.
    pub qualname: String,
    /// Number among the chunks of this file with equal kind and qualname, from 0.
    pub ordinal: u32,
    /// Module path and qualname.
    pub name_path: NamePath,
    /// The lines of `source_code`.
    pub lines: LineSpan,
    /// The text as it stands in the file.
    pub source_code: String,
    /// What the TEXT role embeds: name path, signature, doc comment; see
    /// [`CountTokens::legible`].
    pub text_input: String,
    /// What the CODE role embeds: a header line and the source without its doc
    /// comment; see [`CountTokens::legible`].
    pub code_input: String,
    /// The readers' `metadata` column.
    pub metadata: Metadata,
}

/// Why no file of a language can be chunked: its folder holds a mistake. No
/// text of a file leads here; what cannot be parsed is cut line-wise.
#[derive(Debug, Error)]
pub enum ChunkError {
    /// The language's query is wrong.
    #[error("{language}: {source}")]
    Tags {
        /// The language.
        language: &'static str,
        /// What is wrong.
        source: &'static TagsError,
    },
    /// The grammar was made for another version of tree-sitter.
    #[error("{language}: {source}")]
    Grammar {
        /// The language.
        language: &'static str,
        /// What is wrong.
        source: tree_sitter::LanguageError,
    },
}

/// Cuts files; one for each thread, since it owns its parser.
pub struct Chunker<'a> {
    windows: Windows<'a>,
    parser: Parser,
    cursor: QueryCursor,
    timings: Timings,
}

/// Where the time of a chunker went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// Making syntax trees.
    pub parse: Duration,
    /// Finding definitions and their facts.
    pub survey: Duration,
    /// Cutting, counting tokens and writing chunks with their metadata.
    pub compose: Duration,
}

impl<'a> Chunker<'a> {
    /// A chunker whose chunks fit `windows`.
    #[must_use]
    pub fn new(windows: Windows<'a>) -> Self {
        Self {
            windows,
            parser: Parser::new(),
            cursor: QueryCursor::new(),
            timings: Timings::default(),
        }
    }

    /// Where the time went, over all files so far.
    #[must_use]
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// Cuts `source`, which is written in `language`.
    ///
    /// A blank file has no chunks. A file that cannot be parsed within bounds
    /// is cut line-wise, and a note says why.
    ///
    /// # Errors
    /// [`ChunkError`] if the language itself is broken, whatever the file.
    pub fn chunk(
        &mut self,
        source: &Source,
        language: &'static Language,
    ) -> Result<ChunkedFile, ChunkError> {
        let name = language.name();
        let tags = language.tags().map_err(|source| ChunkError::Tags {
            language: name,
            source,
        })?;
        self.parser
            .set_language(&tags.grammar)
            .map_err(|source| ChunkError::Grammar {
                language: name,
                source,
            })?;
        let file = compose::File::new(source, language, self.windows);
        if source.text.trim().is_empty() {
            return Ok(file.empty());
        }
        let start = Instant::now();
        let parsed = parse::parse(&mut self.parser, &source.text, language.rules().mend);
        self.timings.parse += start.elapsed();
        let tree = match parsed {
            Ok(tree) => tree,
            Err(reason) => return Ok(fallback::fallback(&file, &reason)),
        };
        let start = Instant::now();
        let mut tools = survey::Tools {
            text: &source.text,
            line_count: file.lines.count(),
            language,
            tags,
            cursor: &mut self.cursor,
        };
        let survey = survey::survey(&tree, &mut tools);
        let symbols = (language.rules().symbols)(&survey.symbol_input(&tree, &source.text));
        // A tree takes many times the memory of its text.
        drop(tree);
        let symbols = symbols.to_bytes();
        self.timings.survey += start.elapsed();
        let start = Instant::now();
        let mut chunked = compose::compose(&file, &survey);
        chunked.symbols = symbols;
        self.timings.compose += start.elapsed();
        Ok(chunked)
    }
}

/// What decides how files are cut, besides their text and the models: part of
/// every file's recipe.
#[must_use]
pub fn ingredients() -> Ingredients {
    let mut ingredients = Ingredients::default();
    ingredients.add("chunker", bounds::VERSION.to_string());
    ingredients.add("symbols", symbols::VERSION.to_string());
    ingredients.add("sizes", bounds::policy());
    for language in language::ALL {
        ingredients.add_queries(language.name(), language.query_texts());
    }
    ingredients
}
