//! What is known about each programming language.

/// A language that can be cut along its syntax.
#[derive(Debug)]
pub struct Language {}
