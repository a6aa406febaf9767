//! The command line as shells and manuals know it: all of it follows from the
//! clap tree, so that no option can be forgotten.

use clap::builder::ValueHint;
use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use clap_mangen::Man;

use super::{Args, ShellArg};

/// The variable that a shell sets to ask for what may come next.
const VARIABLE: &str = "MNEMO_COMPLETE";

/// Values that the command line does not know by itself.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Names of repositories.
    pub repositories: fn() -> Vec<String>,
    /// Ids of models.
    pub models: fn() -> Vec<String>,
}

/// If a shell asks what may come next, answers it and ends the program.
pub fn answer_shell(known: Known) {
    CompleteEnv::with_factory(|| with_values(Args::command(), known))
        .var(VARIABLE)
        .complete();
}

/// What a shell reads to ask the program what may come next.
#[must_use]
pub fn script(shell: ShellArg) -> String {
    let name = Args::command().get_name().to_owned();
    let mut script = Vec::new();
    let shells = Shells::builtins();
    if let Some(shell) = shells.completer(shell.as_str()) {
        // Writing to memory cannot fail.
        let _ = shell.write_registration(VARIABLE, &name, &name, &name, &mut script);
    }
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual: a page for each command and, last, for the program, each with
/// its file name.
#[must_use]
pub fn manual() -> Vec<(String, Vec<u8>)> {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    add_pages(&program, &mut pages);
    pages
}

fn add_pages(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let shown = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    shown.for_each(|below| add_pages(below, pages));
    let page = Man::new(command.clone())
        .source(concat!("mnemo-index ", env!("CARGO_PKG_VERSION")))
        .manual("mnemo-index");
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = page.render(&mut text);
    pages.push((page.get_filename(), text));
}

fn with_values(command: Command, known: Known) -> Command {
    command
        .mut_args(|arg| with_value(arg, known))
        .mut_subcommands(|below| with_values(below, known))
}

fn with_value(arg: Arg, known: Known) -> Arg {
    let is_called = |name: &str| {
        let names = arg.get_value_names().unwrap_or_default();
        names
            .iter()
            .any(|found| found.as_str().eq_ignore_ascii_case(name))
    };
    if arg.get_id() == "repository" {
        return arg.add(candidates(known.repositories));
    }
    if is_called("id") || arg.get_id() == "id" {
        return arg.add(candidates(known.models));
    }
    if is_called("dir") || is_called("folder") {
        return arg.value_hint(ValueHint::DirPath);
    }
    arg
}

fn candidates(values: fn() -> Vec<String>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || values().into_iter().map(CompletionCandidate::new).collect())
}
