//! `mnemo-index`: parse, plan, run, exit.

use std::process::ExitCode;

use clap::Parser;
use mnemo_index::cli::{self, Args};
use mnemo_index::commands;

fn main() -> ExitCode {
    cli::answer_shell(commands::KNOWN);
    commands::run(Args::parse()).into()
}
