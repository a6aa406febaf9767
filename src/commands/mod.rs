//! What each command does, from a plan to an exit code.

mod ask;
mod chunk;
mod db;
mod dry_run;
mod finish;
mod forget;
mod gc;
mod graph;
mod hold;
mod index;
mod known;
mod licenses;
mod manual;
mod models;
mod report;
mod search;
mod status;
mod verify;

use anyhow::anyhow;

pub use known::KNOWN;

use crate::cli::Args;
use crate::error::{self, Advise, AdviseItself};
use crate::exit::Exit;
use crate::plan::{self, Database, Plan};
use crate::report::{Format, Report, lost};
use crate::store::Archive;
use crate::store::embedded::Cluster;
use crate::terminal::Terminal;

/// Does what was typed; tells of any error, to people and to machines.
#[must_use]
pub fn run(args: Args) -> Exit {
    let terminal = Terminal::new(plan::terminal(&args.index.output));
    terminal.listen_to_libraries();
    let json = args.wants_json();
    let ended = planned(args, &terminal).and_then(all_printed);
    ended.unwrap_or_else(|error| {
        terminal.finish();
        terminal.error(&error);
        if json {
            Report::new(Format::Json).error(&error);
        }
        error::exit_of(&error)
    })
}

/// A success of which nobody can read the answer is none.
fn all_printed(exit: Exit) -> anyhow::Result<Exit> {
    match lost() {
        Some(error) if exit == Exit::Success => {
            Err(anyhow!("standard output could not be written: {error}"))
                .hint("free space where it goes to; what was committed is whole")
        }
        _ => Ok(exit),
    }
}

fn planned(args: Args, terminal: &Terminal) -> anyhow::Result<Exit> {
    match plan::plan(args)? {
        Plan::Index(plan) => index::index(&plan, terminal),
        Plan::Database(plan) => db::manage(&plan),
        Plan::Models(plan) => models::manage(&plan, terminal),
        Plan::Chunk(plan) => chunk::show(&plan),
        Plan::Finish(plan) => finish::finish(&plan, terminal),
        Plan::Status(plan) => status::show(&plan),
        Plan::Ask(plan) => ask::answer(&plan, terminal),
        Plan::Report(plan) => report::show(&plan),
        Plan::Graph(plan) => graph::draw(&plan),
        Plan::Verify(plan) => verify::check(&plan),
        Plan::Search(plan) => search::search(&plan),
        Plan::Forget(plan) => forget::forget(&plan),
        Plan::Gc(plan) => gc::collect(&plan),
        Plan::Licenses(notices) => Ok(licenses::show(notices.as_deref())),
        Plan::Completions(shell) => Ok(manual::completions(shell)),
        Plan::Man(output) => manual::man(output.as_deref()),
    }
}

/// An index that is there, and what keeps the private server up meanwhile.
fn archive(database: &Database) -> anyhow::Result<(Option<Cluster>, Archive)> {
    let (cluster, url) = index::open(database)?;
    Ok((cluster, Archive::open(&url).advise()?))
}
