//! Everything that needs the real parts, in one binary.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod ask;
mod bad_input;
mod care;
mod cluster;
mod complete;
mod distributed;
mod documents;
mod embed;
mod embedded_life;
mod embedded_users;
mod encrypted;
mod faults;
mod gc;
mod graph_again;
mod graph_nodes;
mod graph_readers;
mod hub;
mod installed;
mod json;
mod kill;
mod main_job;
mod memory;
mod model_server;
mod one_run;
mod packaged;
mod pages;
mod private_database;
mod program;
mod proxy;
mod readers;
mod retire;
mod reuse;
mod rights;
mod runs;
mod samples;
mod search;
mod secrets;
mod served;
mod shards;
mod stand_ins;
mod store_commit;
mod store_open;
mod store_readers;
mod vector_index;
mod walk;
