//! SIGINT and SIGTERM: the first asks the run to end, the second ends the
//! process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::Exit;

/// Whether, and by which signal, the run was asked to end.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens for both signals from now on.
    ///
    /// # Errors
    /// What the system said if it refuses a handler.
    pub fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let again = Arc::new(AtomicBool::new(false));
        for (signal, exit) in [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)] {
            // Order matters: the second signal finds `again` set by the first.
            flag::register_conditional_shutdown(
                signal,
                i32::from(exit.code()),
                Arc::clone(&again),
            )?;
            flag::register(signal, Arc::clone(&again))?;
            let number = usize::from(exit.code());
            flag::register_usize(signal, Arc::clone(&interrupt.signal), number)?;
        }
        Ok(interrupt)
    }

    /// Whether the run was asked to end.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// The code to exit with, if the run was asked to end.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            code if code == usize::from(Exit::Interrupted.code()) => Some(Exit::Interrupted),
            _ => Some(Exit::Terminated),
        }
    }
}
