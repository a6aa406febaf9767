//! JavaScript; its grammar reads JSX as well.

use std::sync::OnceLock;

use super::{Language, ecma};

pub(super) static JAVASCRIPT: Language = Language {
    name: "javascript",
    extensions: &["js", "mjs", "cjs", "jsx"],
    naming: ecma::NAMING,
    grammar: || tree_sitter_javascript::LANGUAGE.into(),
    tags: &[ecma::TAGS, include_str!("tags.scm")],
    roles: &[ecma::ROLES],
    rules: ecma::RULES,
    compiled: OnceLock::new(),
};
