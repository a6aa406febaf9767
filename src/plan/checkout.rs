//! The git checkout that a directory belongs to, asked of git itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::store::CheckoutState;

/// What git says of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkout {
    /// The top of the work tree: paths in the index are relative to it.
    pub root: PathBuf,
    /// The repository's name at its remote `origin`.
    pub remote: Option<String>,
    /// What is checked out.
    pub state: CheckoutState,
}

impl Checkout {
    /// The checkout around `dir`; none if there is none, if git is not
    /// installed, or if the checkout ignores `dir`, which then only happens to
    /// lie in it.
    pub fn around(dir: &Path) -> Option<Self> {
        let root = PathBuf::from(git(dir, &["rev-parse", "--show-toplevel"])?);
        let root = root.canonicalize().ok()?;
        if root != dir && git(dir, &["check-ignore", "--quiet", "."]).is_some() {
            return None;
        }
        let remote = git(dir, &["remote", "get-url", "origin"]);
        Some(Self {
            root,
            remote: remote.as_deref().and_then(name_of),
            state: state_of(dir),
        })
    }
}

fn state_of(dir: &Path) -> CheckoutState {
    // Looking must not write: others may hold the lock of git's own index.
    let changes = git(dir, &["--no-optional-locks", "status", "--porcelain"]);
    CheckoutState {
        commit: git(dir, &["rev-parse", "--verify", "--quiet", "HEAD"]),
        branch: git(dir, &["symbolic-ref", "--short", "--quiet", "HEAD"]),
        dirty: changes.map(|first| !first.is_empty()),
    }
}

/// The first line git answers; none if it fails.
fn git(dir: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        // A CI job often runs as another user than the one who checked out.
        .args(["-c", "safe.directory=*", "-C"])
        .arg(dir)
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| answer.lines().next().unwrap_or_default().to_owned())
}

/// `git@host:group/name.git`, `https://host/group/name/` → `name`.
fn name_of(url: &str) -> Option<String> {
    let path = url.trim_end_matches('/');
    let name = path.rsplit(['/', ':']).next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_of_any_form_gives_the_name() {
        for url in [
            "git@host:group/name.git",
            "https://host/group/name/",
            "ssh://h:22/name",
            "../name",
        ] {
            assert_eq!(name_of(url).as_deref(), Some("name"), "{url}");
        }
        assert_eq!(name_of("/"), None);
    }

    fn in_git(dir: &Path, arguments: &[&str]) {
        assert!(git(dir, arguments).is_some(), "git {arguments:?}");
    }

    #[test]
    fn a_subfolder_belongs_to_its_checkout_unless_that_ignores_it() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        std::fs::create_dir_all(top.join("packages/a")).unwrap();
        std::fs::create_dir_all(top.join("downloads/b")).unwrap();
        std::fs::write(top.join(".gitignore"), "downloads\n").unwrap();
        in_git(&top, &["init", "--quiet"]);
        in_git(
            &top,
            &["remote", "add", "origin", "git@host:group/name.git"],
        );

        let checkout = Checkout::around(&top.join("packages/a")).unwrap();
        assert_eq!(checkout.root, top);
        assert_eq!(checkout.remote.as_deref(), Some("name"));
        assert_eq!(checkout.state.commit, None);
        assert_eq!(checkout.state.dirty, Some(true));
        assert_eq!(Checkout::around(&top.join("downloads/b")), None);
    }
}
