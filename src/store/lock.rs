//! One run per repository: an advisory lock of the server, held on a connection
//! of its own. Runs that each do a shard of it hold that lock together, and one
//! of their shard's alone.
//!
//! The server lets go of it however the process ends. The connection carries
//! its owner as its name, which every user of the server may read, so that who
//! comes second can be told who is first.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use postgres::Client;

use super::again::persist;
use super::connect::DatabaseUrl;
use super::error::StoreError;
use crate::names::RepositoryName;
use crate::shard::Shard;

/// How long the server may take to notice that a holder on this machine died.
const FUNERAL: Duration = Duration::from_secs(2);

/// How often it is asked meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How long a connection may take to show that it lives.
const ANSWER: Duration = Duration::from_secs(5);

/// A server that closes idle sessions must not close this one.
const SESSION: &str = "
    SET client_min_messages = warning;
    SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

/// Takes the lock and, only then, puts the owner on the connection. The name's
/// end is what the server cuts off.
const TAKE: &str = "
    SELECT CASE WHEN pg_try_advisory_lock(hashtextextended('mnemo-index ' || $1, $3)) THEN
        set_config('application_name',
            to_char(now() AT TIME ZONE 'UTC', '\"mnemo-index \"YYYY-MM-DD\"T\"HH24:MI:SS\"Z \"') || $2, false)
    END IS NOT NULL";

const SHARE: &str =
    "SELECT pg_try_advisory_lock_shared(hashtextextended('mnemo-index ' || $1, $2))";

const SHARE_NO_MORE: &str =
    "SELECT pg_advisory_unlock_shared(hashtextextended('mnemo-index ' || $1, $2))";

/// One of them: shards hold the repository together.
const HOLDER: &str = "
    SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::int8 << 32) | l.objid::int8 = hashtextextended('mnemo-index ' || $1, $2)
        AND a.application_name LIKE 'mnemo-index %'
    LIMIT 1";

/// The second argument of the hash keeps the locks of repositories and of their
/// shards apart, whatever a repository is called.
const OF_REPOSITORIES: i64 = 0;
pub(super) const OF_SHARDS: i64 = 1;

/// The right to change a repository, once it is taken.
pub struct RepositoryLock {
    pub(super) client: Client,
    pub(super) repository: RepositoryName,
    pub(super) url: DatabaseUrl,
    pub(super) shard: Option<Shard>,
    is_taken: bool,
}

/// Who holds a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process, on its own machine.
    pub pid: u32,
    /// That machine's name.
    pub host: String,
    /// When the lock was taken, by the server's clock.
    pub since: String,
}

impl RepositoryLock {
    /// Connects; [`Self::take`] takes the lock.
    ///
    /// # Errors
    /// [`StoreError`] if the server cannot be reached.
    pub fn open(url: &DatabaseUrl, repository: &RepositoryName) -> Result<Self, StoreError> {
        let mut client = url.connect()?;
        client
            .batch_execute(SESSION)
            .map_err(StoreError::sql("set up the session"))?;
        Ok(Self {
            client,
            repository: repository.clone(),
            url: url.clone(),
            shard: None,
            is_taken: false,
        })
    }

    /// The right to change only the files of a shard.
    #[must_use]
    pub fn of_shard(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// The database it is in.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Takes the lock, until this value is dropped. A holder that has just died
    /// on this machine is waited for, a living one is not.
    ///
    /// # Errors
    /// [`StoreError::Locked`] with who holds it.
    pub fn take(&mut self) -> Result<(), StoreError> {
        self.take_from(Holder::is_dead, FUNERAL)
    }

    /// Takes the lock, for which holders that are gone are waited.
    fn take_from(
        &mut self,
        is_gone: impl Fn(&Holder) -> bool,
        patience: Duration,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        while !self.try_take()? {
            let holder = self.holder()?;
            // None: it let go between the two questions, so ask again.
            let is_alive = holder.as_ref().is_some_and(|holder| !is_gone(holder));
            if is_alive || began.elapsed() > patience {
                return Err(self.locked(holder));
            }
            sleep(ASK_AGAIN);
        }
        self.is_taken = true;
        Ok(())
    }

    /// Makes sure that the repository is still ours: a server that was restarted
    /// has forgotten whose it was.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another run was faster.
    pub fn renew(&mut self, patience: Duration) -> Result<(), StoreError> {
        persist(patience, || {
            if self.is_taken && self.client.is_valid(ANSWER).is_ok() {
                return Ok(());
            }
            self.is_taken = false;
            self.client = Self::open(&self.url, &self.repository)?.client;
            // The server may not have noticed yet that our old connection is gone.
            let is_gone = |holder: &Holder| holder.is_dead() || holder.is_this_process();
            self.take_from(is_gone, patience.max(FUNERAL))
        })
    }

    fn locked(&self, holder: Option<Holder>) -> StoreError {
        let shard = self.shard.map(|shard| format!("shard {shard} of "));
        StoreError::Locked {
            what: format!(
                "{}the repository {}",
                shard.unwrap_or_default(),
                self.repository
            ),
            holder,
        }
    }

    fn try_take(&mut self) -> Result<bool, StoreError> {
        let name = self.repository.as_str().to_owned();
        let Some(shard) = self.shard else {
            return self.try_exclusively((&name, OF_REPOSITORIES));
        };
        if !self.ask(SHARE, &name)? {
            return Ok(false);
        }
        let is_taken = self.try_exclusively((&key_of_shard(&name, shard), OF_SHARDS))?;
        if !is_taken {
            self.ask(SHARE_NO_MORE, &name)?;
        }
        Ok(is_taken)
    }

    fn try_exclusively(&mut self, (key, kind): (&str, i64)) -> Result<bool, StoreError> {
        let owner = format!("{} {}", std::process::id(), host());
        self.client
            .query_one(TAKE, &[&key, &owner, &kind])
            .map(|row| row.get(0))
            .map_err(StoreError::sql("take the repository's lock"))
    }

    fn ask(&mut self, question: &str, repository: &str) -> Result<bool, StoreError> {
        self.client
            .query_one(question, &[&repository, &OF_REPOSITORIES])
            .map(|row| row.get(0))
            .map_err(StoreError::sql("share the repository's lock"))
    }

    /// Who is in the way: of a shard, whoever does the same one, else whoever
    /// does the whole repository.
    fn holder(&mut self) -> Result<Option<Holder>, StoreError> {
        let name = self.repository.as_str().to_owned();
        if let Some(shard) = self.shard {
            let key = key_of_shard(&name, shard);
            if let Some(found) = holders_name(&mut self.client, (&key, OF_SHARDS))? {
                return Ok(Holder::parse(&found));
            }
        }
        let found = holders_name(&mut self.client, (&name, OF_REPOSITORIES))?;
        Ok(found.as_deref().and_then(Holder::parse))
    }
}

/// The number comes first, so that no name can look like another's shard.
fn key_of_shard(repository: &str, shard: Shard) -> String {
    format!("{} {repository}", shard.number())
}

/// Whether a run holds the repository now.
pub(super) fn is_held(client: &mut Client, repository: &str) -> Result<bool, StoreError> {
    holders_name(client, (repository, OF_REPOSITORIES)).map(|name| name.is_some())
}

/// The name of the connection that holds the lock.
fn holders_name(
    client: &mut Client,
    (key, kind): (&str, i64),
) -> Result<Option<String>, StoreError> {
    client
        .query_opt(HOLDER, &[&key, &kind])
        .map(|row| row.map(|row| row.get(0)))
        .map_err(StoreError::sql("ask who holds the repository's lock"))
}

impl Holder {
    /// Reads what [`TAKE`] wrote.
    fn parse(name: &str) -> Option<Self> {
        let mut words = name.strip_prefix("mnemo-index ")?.splitn(3, ' ');
        let (since, pid, host) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            pid: pid.parse().ok()?,
            host: host.to_owned(),
            since: since.to_owned(),
        })
    }

    /// Whether it was a process of this machine that is no more.
    fn is_dead(&self) -> bool {
        self.is_here() && !Path::new(&format!("/proc/{}", self.pid)).exists()
    }

    fn is_this_process(&self) -> bool {
        self.is_here() && self.pid == std::process::id()
    }

    fn is_here(&self) -> bool {
        host().starts_with(&self.host)
    }
}

/// This machine's name.
pub(super) fn host() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_read_from_the_name_of_its_connection() {
        let name = "mnemo-index 2026-11-23T13:46:34Z 4711 build-7.example";
        let holder = Holder::parse(name).unwrap();
        assert_eq!(
            (holder.pid, holder.host.as_str(), holder.since.as_str()),
            (4711, "build-7.example", "2026-11-23T13:46:34Z")
        );
        assert_eq!(Holder::parse("mnemo-index"), None);
        assert_eq!(Holder::parse("psql"), None);
    }

    #[test]
    fn only_a_process_of_this_machine_can_be_known_to_be_dead() {
        let holder = |pid, host: String| Holder {
            pid,
            host,
            since: String::new(),
        };
        assert!(!holder(std::process::id(), host()).is_dead());
        assert!(holder(u32::MAX, host()).is_dead());
        assert!(!holder(u32::MAX, "elsewhere".to_owned()).is_dead());
    }
}
