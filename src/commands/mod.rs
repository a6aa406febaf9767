//! What each command does, from a plan to an exit code.

mod chunk;
mod db;
mod dry_run;
mod index;

use crate::cli::Args;
use crate::error;
use crate::exit::Exit;
use crate::plan::{self, Plan};
use crate::report::{Format, Report};
use crate::terminal::Terminal;

/// Does what was typed; tells of any error, to people and to machines.
#[must_use]
pub fn run(args: Args) -> Exit {
    let terminal = Terminal::new(plan::terminal(&args.index.output));
    terminal.listen_to_libraries();
    let json = args.index.output.json;
    planned(args, &terminal).unwrap_or_else(|error| {
        terminal.finish();
        terminal.error(&error);
        if json {
            Report::new(Format::Json).error(&error);
        }
        error::exit_of(&error)
    })
}

fn planned(args: Args, terminal: &Terminal) -> anyhow::Result<Exit> {
    match plan::plan(args)? {
        Plan::Index(plan) => index::index(&plan, terminal),
        Plan::Database(plan) => db::manage(&plan),
        Plan::Chunk(plan) => chunk::show(&plan),
    }
}
