//! Brings a database's tables up to date: numbered SQL files, compiled in, each
//! applied once, by one process at a time.

use postgres::Client;
use postgres::error::SqlState;
use refinery::Runner;

use super::connect::LOCK_TIMEOUT;
use super::error::StoreError;

mod files {
    #![allow(missing_docs, reason = "the macro makes items without docs")]
    refinery::embed_migrations!("src/store/migrations");
}

/// Which files were applied. A name of our own, as the database may be shared
/// with programs that use the same crate.
const HISTORY: &str = "mnemo_schema_history";

/// "mnemo" in ASCII: the advisory lock that one process migrates under.
const LOCK: i64 = 0x6d_6e65_6d6f;

/// How long another process's migration is waited for, in seconds.
const LOCK_PATIENCE: u64 = 120;

/// The oldest server that has all we use: `gen_random_uuid()`.
const OLDEST_SERVER: u32 = 13;

/// Runs `work`, which changes the schema, while no other process of ours does.
pub(super) fn locked<T>(
    client: &mut Client,
    work: impl FnOnce(&mut Client) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    const ACTION: &str = "wait for the schema's lock";
    client
        .batch_execute(&format!("SET lock_timeout = '{LOCK_PATIENCE}s'; SELECT pg_advisory_lock({LOCK}); SET lock_timeout = '{LOCK_TIMEOUT}s'"))
        .map_err(|error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => StoreError::Busy { seconds: LOCK_PATIENCE },
            _ => StoreError::sql(ACTION)(error),
        })?;
    let result = work(client);
    // If this fails the connection is gone, and the lock with it.
    let _ = client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"));
    result
}

/// Applies what is missing. Nothing is asked of the user's rights when nothing is.
pub(super) fn run(client: &mut Client) -> Result<(), StoreError> {
    check_server(client)?;
    let known = newest();
    match applied(client)? {
        Some(found) if found > known => Err(StoreError::SchemaTooNew { found, known }),
        Some(found) if found == known => Ok(()),
        _ => apply(client),
    }
}

/// Applies what is missing to a database that was set up before; false if it
/// never was. Waits for no other process if nothing is missing.
pub(super) fn bring_up_to_date(client: &mut Client) -> Result<bool, StoreError> {
    match applied(client)? {
        None => Ok(false),
        Some(found) if found == newest() => Ok(true),
        Some(_) => locked(client, run).map(|()| true),
    }
}

fn apply(client: &mut Client) -> Result<(), StoreError> {
    provide_vector(client)?;
    runner()
        .run(client)
        .map(drop)
        .map_err(|error| migration_error(&error))
}

fn runner() -> Runner {
    let mut runner = files::migrations::runner().set_grouped(true);
    runner.set_migration_table_name(HISTORY);
    runner
}

fn newest() -> i32 {
    let versions = runner()
        .get_migrations()
        .iter()
        .map(refinery::Migration::version)
        .max();
    versions.unwrap_or(0)
}

/// The newest version applied; `None` for a database we never touched.
fn applied(client: &mut Client) -> Result<Option<i32>, StoreError> {
    const ACTION: &str = "read the schema's history";
    let there = client
        .query_one("SELECT to_regclass($1) IS NOT NULL", &[&HISTORY])
        .map_err(StoreError::sql(ACTION))?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let version = client
        .query_one(&format!("SELECT max(version) FROM {HISTORY}"), &[])
        .map_err(StoreError::sql(ACTION))?;
    Ok(version.get(0))
}

fn check_server(client: &mut Client) -> Result<(), StoreError> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::int4",
            &[],
        )
        .map_err(StoreError::sql("ask the server's version"))?;
    let major = u32::try_from(row.get::<_, i32>(1) / 10_000).unwrap_or(0);
    if major < OLDEST_SERVER {
        return Err(StoreError::ServerTooOld {
            found: row.get(0),
            needed: OLDEST_SERVER,
        });
    }
    Ok(())
}

/// Installs pgvector into the database if the server has it and it is missing.
fn provide_vector(client: &mut Client) -> Result<(), StoreError> {
    const ACTION: &str = "install pgvector into the database";
    let row = client
        .query_opt(
            "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'vector'",
            &[],
        )
        .map_err(StoreError::sql(ACTION))?;
    let Some(row) = row else {
        return Err(StoreError::NoVector {
            reason: "it is not installed there".to_owned(),
        });
    };
    let installed: Option<String> = row.get(1);
    let version = installed.clone().or(row.get(0)).unwrap_or_default();
    if !has_halfvec(&version) {
        let reason = format!("version {version} is older than 0.7");
        return Err(StoreError::NoVector { reason });
    }
    if installed.is_none() {
        client
            .batch_execute("CREATE EXTENSION IF NOT EXISTS vector")
            .map_err(StoreError::sql(ACTION))?;
    }
    Ok(())
}

/// halfvec, which the readers search, came with 0.7.
fn has_halfvec(version: &str) -> bool {
    let numbers: Vec<u32> = version
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    numbers >= vec![0, 7]
}

/// refinery hides the server's words behind its own; they are what helps.
fn migration_error(error: &refinery::Error) -> StoreError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        if let Some(server) = deeper.downcast_ref::<postgres::Error>() {
            return said_by_server(server);
        }
        cause = deeper;
    }
    StoreError::Migration {
        reason: cause.to_string(),
    }
}

fn said_by_server(error: &postgres::Error) -> StoreError {
    let reason = super::error::server_words(error);
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => StoreError::Rights {
            action: "set the database up",
            reason,
        },
        _ => StoreError::Migration { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_given_once() {
        let mut versions: Vec<_> = runner()
            .get_migrations()
            .iter()
            .map(refinery::Migration::version)
            .collect();
        versions.sort_unstable();
        assert!(
            versions.windows(2).all(|pair| pair[0] < pair[1]),
            "{versions:?}"
        );
    }

    #[test]
    fn halfvec_needs_pgvector_0_7() {
        assert!(has_halfvec("0.7.0") && has_halfvec("0.8.5") && has_halfvec("1.0"));
        assert!(!has_halfvec("0.6.2") && !has_halfvec(""));
    }
}
