//! Taking a repository, and waiting for it.

use std::thread::sleep;
use std::time::Duration;

use crate::error::AdviseItself;
use crate::signal::Interrupt;
use crate::store::{RepositoryLock, StoreError};
use crate::terminal::Terminal;

/// How often a repository that another run holds is asked for.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Takes the repository, waiting for it if the user said so; none if the user
/// gave up waiting.
pub(super) fn hold(
    mut lock: RepositoryLock,
    wait: bool,
    (terminal, interrupt): (&Terminal, &Interrupt),
) -> anyhow::Result<Option<RepositoryLock>> {
    let mut told = false;
    loop {
        match lock.take() {
            Err(error @ StoreError::Locked { .. }) if wait => {
                if !std::mem::replace(&mut told, true) {
                    terminal.warning(format_args!("{error}; waiting"));
                }
            }
            taken => return taken.map(|()| Some(lock)).advise(),
        }
        if interrupt.is_requested() {
            return Ok(None);
        }
        sleep(ASK_AGAIN);
    }
}
