//! Under which user the server runs.
//!
//! PostgreSQL refuses to run as root. As root we first try a user namespace in
//! which root bears another user's number: the files stay root's own and can
//! stand below a home that nobody else may enter. Where the kernel or a
//! container forbids that, the server runs as `postgres` or `nobody`, with its
//! data in a folder that this user can reach. No folder that exists is ever
//! given away or opened up.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::ClusterError;
use super::folder::Layout;

/// Where the data goes when it cannot stay below the home; tried in order.
const OUTSIDE: [&str; 2] = ["/var/lib/mnemo-index", "/var/tmp/mnemo-index"];

/// A user's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    pub uid: u32,
    pub gid: u32,
}

/// Under which user the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// As we do.
    Own,
    /// As we do, but in a namespace where we bear the number of this user.
    Namespace(User),
    /// As this user, whom we may become because we are root.
    Other(User),
}

impl Account {
    /// The way that works here, and that fits the data if there is any.
    pub fn choose(layout: &Layout) -> Result<Self, ClusterError> {
        let own = rustix::process::geteuid().as_raw();
        let owner = fs::metadata(layout.data()).ok().map(|data| User {
            uid: data.uid(),
            gid: data.gid(),
        });
        if let Some(other) = owner.filter(|owner| own == 0 && owner.uid != 0) {
            return Ok(Self::Other(other));
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        // initdb asks for the user's name, which a container's ad-hoc user lacks.
        if own != 0 && has_user(&passwd, own) {
            return Ok(Self::Own);
        }
        let disguise = stand_in(&passwd);
        match probe_namespace(disguise, layout.root()) {
            Ok(()) => Ok(Self::Namespace(disguise)),
            Err(_) if own != 0 => Ok(Self::Own),
            Err(_) if owner.is_none() => Ok(Self::Other(disguise)),
            Err(reason) => Err(ClusterError::Root { reason }),
        }
    }

    /// A command that runs `program` under this account.
    pub fn command(self, program: &Path) -> Command {
        match self {
            Self::Own => Command::new(program),
            Self::Namespace(user) => {
                let mut command = unshare(user);
                command.arg(program);
                command
            }
            Self::Other(user) => {
                let mut command = Command::new(program);
                // The standard library also drops root's supplementary groups.
                command.uid(user.uid).gid(user.gid);
                command
            }
        }
    }

    /// The folder in which the data of a new cluster is to be made.
    pub fn data_parent(self, layout: &Layout) -> Result<PathBuf, ClusterError> {
        match self {
            Self::Own | Self::Namespace(_) => Ok(layout.root().to_owned()),
            Self::Other(_) => outside(&layout.tag()),
        }
    }

    /// Gives `path`, which we just made, to the account.
    pub fn hand_over(self, path: &Path) -> Result<(), ClusterError> {
        match self {
            Self::Own | Self::Namespace(_) => Ok(()),
            Self::Other(user) => chown(path, Some(user.uid), Some(user.gid))
                .map_err(ClusterError::io("hand over", path)),
        }
    }

    /// Whether the account can run `program` where it stands.
    pub fn can_run(self, program: &Path) -> bool {
        let answer = self
            .command(program)
            .arg("--version")
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        answer.is_ok_and(|status| status.success())
    }
}

fn unshare(user: User) -> Command {
    let mut command = Command::new("unshare");
    command
        .arg("--user")
        .arg(format!("--map-user={}", user.uid))
        .arg(format!("--map-group={}", user.gid))
        .arg("--");
    command
}

/// Tries the namespace on the question that matters: may we write there?
fn probe_namespace(user: User, folder: &Path) -> Result<(), String> {
    let output = unshare(user)
        .args(["test", "-w"])
        .arg(folder)
        .output()
        .map_err(|error| format!("unshare: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said
        .lines()
        .last()
        .unwrap_or("unshare: the folder is out of reach")
        .to_owned())
}

/// A folder of ours that every user can reach, made if it is not there.
fn outside(tag: &str) -> Result<PathBuf, ClusterError> {
    let mut last = None;
    for parent in OUTSIDE {
        match reachable_folder(Path::new(parent), tag) {
            Ok(folder) => return Ok(folder),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| ClusterError::Root {
        reason: "no place for the data".to_owned(),
    }))
}

fn reachable_folder(parent: &Path, tag: &str) -> Result<PathBuf, ClusterError> {
    let folder = parent.join(tag);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(&folder)
        .map_err(ClusterError::io("create", &folder))?;
    for ours in [parent, folder.as_path()] {
        let found = fs::symlink_metadata(ours).map_err(ClusterError::io("read", ours))?;
        if !found.is_dir() || found.uid() != 0 {
            return Err(ClusterError::Root {
                reason: format!("{} belongs to another user", ours.display()),
            });
        }
        open_up(ours)?;
    }
    Ok(folder)
}

/// Undoes a strict umask on a folder that we made.
pub(super) fn open_up(ours: &Path) -> Result<(), ClusterError> {
    fs::set_permissions(ours, fs::Permissions::from_mode(0o755))
        .map_err(ClusterError::io("open up", ours))
}

/// `postgres` if the system has it, else `nobody`.
fn stand_in(passwd: &str) -> User {
    const NOBODY: User = User {
        uid: 65534,
        gid: 65534,
    };
    let named = |name| {
        users(passwd)
            .find(|(found, _)| *found == name)
            .map(|(_, user)| user)
    };
    named("postgres")
        .or_else(|| named("nobody"))
        .unwrap_or(NOBODY)
}

fn has_user(passwd: &str, uid: u32) -> bool {
    users(passwd).any(|(_, user)| user.uid == uid)
}

/// The lines of `/etc/passwd`: `name:x:uid:gid:…`.
fn users(passwd: &str) -> impl Iterator<Item = (&str, User)> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((name, User { uid, gid }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n";

    #[test]
    fn postgres_stands_in_for_root_where_it_exists() {
        let with = format!("{PASSWD}postgres:x:101:104::/:/bin/bash\n");
        assert_eq!(stand_in(&with), User { uid: 101, gid: 104 });
        assert_eq!(
            stand_in(PASSWD),
            User {
                uid: 65534,
                gid: 65534
            }
        );
        assert_eq!(
            stand_in(""),
            User {
                uid: 65534,
                gid: 65534
            }
        );
    }

    #[test]
    fn a_user_is_known_by_number() {
        assert!(has_user(PASSWD, 0));
        assert!(!has_user(PASSWD, 1000));
    }
}
