//! What a shell may offer: repositories that an index holds, models that are
//! known. Somebody waits at a prompt, so a moment is all it takes, nothing is
//! started, and what cannot be told at once is not offered.

use std::time::Duration;

use crate::cli::Known;
use crate::pipeline;
use crate::plan::{self, Database};
use crate::store::{self, embedded};

/// A prompt that stands still for longer feels broken.
const PATIENCE: Duration = Duration::from_millis(300);

/// Where the values come from.
pub const KNOWN: Known = Known {
    repositories,
    models,
};

fn repositories() -> Vec<String> {
    pipeline::within(PATIENCE, || {
        let url = match plan::usual_database().ok()? {
            Database::Url(url) => url,
            Database::Private(cluster, name) => embedded::url_if_running(&cluster, &name)?,
        };
        store::repositories(&url).ok()
    })
    .flatten()
    .unwrap_or_default()
}

fn models() -> Vec<String> {
    plan::known_models().unwrap_or_default()
}
