//! `completions` and `man`: what shells and manuals know of the command line.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::cli::{self, ShellArg};
use crate::error::Advise;
use crate::exit::Exit;
use crate::report::{print, print_bytes};

pub(super) fn completions(shell: ShellArg) -> Exit {
    print(cli::script(shell).trim_end());
    Exit::Success
}

/// Writes all pages below `output`; without one, prints that of the program.
pub(super) fn man(output: Option<&Path>) -> anyhow::Result<Exit> {
    let pages = cli::manual();
    let Some(folder) = output else {
        if let Some((_, page)) = pages.last() {
            print_bytes(page);
        }
        return Ok(Exit::Success);
    };
    for (name, page) in &pages {
        let path = folder.join(name);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, page))
            .with_context(|| format!("cannot write {}", path.display()))
            .hint("name a directory that can be written")?;
    }
    print(&format!("{} pages in {}", pages.len(), folder.display()));
    Ok(Exit::Success)
}
