//! TypeScript, with and without JSX.

mod mend;

use std::sync::OnceLock;

use super::{Language, Rules, ecma};

const RULES: Rules = Rules {
    mend: Some(mend::mend),
    ..ecma::RULES
};

/// `.ts`: angle brackets are type assertions.
pub(super) static TYPESCRIPT: Language = Language {
    name: "typescript",
    extensions: &["ts", "mts", "cts"],
    naming: ecma::NAMING,
    grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    tags: &[ecma::TAGS, include_str!("tags.scm")],
    roles: &[ecma::ROLES],
    rules: RULES,
    compiled: OnceLock::new(),
};

/// `.tsx`: angle brackets are elements.
pub(super) static TSX: Language = Language {
    name: "typescript",
    extensions: &["tsx"],
    naming: ecma::NAMING,
    grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(),
    tags: &[ecma::TAGS, include_str!("tags.scm")],
    roles: &[ecma::ROLES],
    rules: RULES,
    compiled: OnceLock::new(),
};
