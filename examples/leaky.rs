//! The main job with a leak on purpose, so that the test that looks for leaks
//! can be seen to find one: takes what `mnemo-index` takes, and with each file
//! that ends keeps memory for ever. Prints the growth that it saw.
//!
//! `LEAK_BYTES=16384 leaky DIR --repository NAME … [--memory-profile FILE]`
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for measurements of its own"
)]

use anyhow::{Context, bail};
use clap::Parser;
use mnemo_index::cli::Args;
use mnemo_index::outcome::Summary;
use mnemo_index::pipeline::{self, Listener, Session, Stores};
use mnemo_index::plan::{self, Database, IndexPlan, Plan};
use mnemo_index::report::{self, FileEvent};
use mnemo_index::signal::Interrupt;
use mnemo_index::store::embedded::Cluster;
use mnemo_index::store::{RepositoryLock, Store, StoreConfig};
use mnemo_index::terminal::Progress;

/// Keeps so many bytes of each file.
struct Leak(usize);

impl Listener for Leak {
    fn ended(&mut self, _: FileEvent, _: Progress) {
        // Written to, so that they are resident.
        Box::leak(vec![1_u8; self.0].into_boxed_slice());
    }

    fn warned(&mut self, message: &str) {
        println!("warning: {message}");
    }
}

fn main() -> anyhow::Result<()> {
    let bytes = std::env::var("LEAK_BYTES").context("LEAK_BYTES")?.parse()?;
    let Plan::Index(plan) = plan::plan(Args::parse())? else {
        bail!("only the main job leaks here");
    };
    let Database::Private(config, name) = &plan.database else {
        bail!("it leaks beside the private server only");
    };
    let cluster = Cluster::acquire(config)?;
    cluster.create_database(name)?;
    let mut lock = RepositoryLock::open(&cluster.url(name), &plan.repository)?;
    lock.take()?;
    let summary = run(&plan, &mut lock, Leak(bytes))?;
    drop(lock);
    cluster.release()?;
    if let Some(file) = &plan.memory.profile {
        report::write_memory_profile(file, &summary)?;
    }
    let growth = summary.memory.growth();
    println!("{}", serde_json::json!({"growth_bytes_per_file": growth}));
    Ok(())
}

fn run(plan: &IndexPlan, lock: &mut RepositoryLock, mut leak: Leak) -> anyhow::Result<Summary> {
    let config = StoreConfig {
        url: lock.url().clone(),
        repository: plan.repository.clone(),
        models: plan.stored_models()?,
        commit: None,
        patience: plan.patience,
        vector_index: plan.vector_index,
    };
    let stores = Stores {
        writing: Store::open(&config)?,
        reading: Store::open(&config)?,
    };
    let mut session = Session {
        listener: &mut leak,
        lock,
        interrupt: &Interrupt::listen()?,
        summary: Summary::default(),
    };
    pipeline::run(plan, stores, &mut session)?;
    Ok(session.summary)
}
