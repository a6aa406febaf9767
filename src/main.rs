//! `mnemo-index`: parse, plan, run, exit.

use std::process::ExitCode;

use clap::Parser;
use mnemo_index::cli::Args;
use mnemo_index::commands;

fn main() -> ExitCode {
    commands::run(Args::parse()).into()
}
