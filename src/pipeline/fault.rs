//! What an embedder met that every other text would meet, too: it ends the run
//! once, instead of failing file after file.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::embed::EmbedError;
use crate::error::AdviseItself;

#[derive(Default)]
pub(super) struct Fault(Mutex<Option<EmbedError>>);

impl Fault {
    /// Keeps the first one.
    pub fn set(&self, error: EmbedError) {
        self.held().get_or_insert(error);
    }

    pub fn is_set(&self) -> bool {
        self.held().is_some()
    }

    /// The run's error, if there is one.
    pub fn take(&self) -> anyhow::Result<()> {
        match self.held().take() {
            None => Ok(()),
            Some(error) => Err(error).advise(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<EmbedError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
