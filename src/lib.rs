//! mnemo-index.

pub mod chunk;
pub mod embed;
pub mod language;
pub mod names;
pub mod source;
