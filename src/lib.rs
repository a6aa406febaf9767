//! mnemo-index.

pub mod chunk;
pub mod cli;
pub mod commands;
pub mod embed;
pub mod error;
pub mod exit;
pub mod graph;
pub mod language;
pub mod memory;
pub mod names;
pub mod outcome;
pub mod pipeline;
pub mod plan;
pub mod read;
pub mod report;
pub mod signal;
pub mod source;
pub mod store;
pub mod terminal;
pub mod walk;
