//! Everything that needs the real parts, in one binary.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod embed;
mod installed;
mod walk;
