//! `licenses`: under which licences what is in the program may be used.

use crate::exit::Exit;
use crate::report::print;

/// Every crate whose code is compiled in; `scripts/package.d/licences.py` writes it.
const CRATES: &str = include_str!("crates.txt");

/// `notices` holds the whole texts, where the program carries them.
pub(super) fn show(notices: Option<&str>) -> Exit {
    match notices {
        Some(notices) => print(notices.trim_end()),
        None => print(&format!(
            "mnemo-index {}: {}\n\n\
             Compiled in, by crate; the texts of the licences are in the crates:\n\n{}",
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_LICENSE"),
            CRATES.trim_end()
        )),
    }
    Exit::Success
}
