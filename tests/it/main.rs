//! Everything that needs the real parts, in one binary.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod cluster;
mod embed;
mod embedded_life;
mod embedded_users;
mod graph_nodes;
mod installed;
mod samples;
mod store_commit;
mod store_open;
mod store_readers;
mod walk;
