//! The texts of a whole repository, each once.

use string_interner::backend::StringBackend;
use string_interner::symbol::{Symbol, SymbolU32};
use string_interner::{DefaultHashBuilder, StringInterner};

use super::value::Text;

/// Texts by their numbers, in one piece of memory: a repository has hundreds of
/// thousands, most of them shorter than what a text of its own would cost.
#[derive(Debug, Default)]
pub struct Texts(StringInterner<StringBackend<SymbolU32>, DefaultHashBuilder>);

impl Texts {
    /// The number of a text, from 0 in the order in which they come.
    pub(super) fn number(&mut self, text: &str) -> Text {
        number(self.0.get_or_intern(text))
    }

    /// The number of a text, if there is such a text.
    pub(super) fn find(&self, text: &str) -> Option<Text> {
        self.0.get(text).map(number)
    }

    /// The text of this number; empty if there is none.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        let symbol = SymbolU32::try_from_usize(text as usize);
        symbol
            .and_then(|symbol| self.0.resolve(symbol))
            .unwrap_or_default()
    }
}

fn number(symbol: SymbolU32) -> Text {
    u32::try_from(symbol.to_usize()).unwrap_or(u32::MAX)
}
