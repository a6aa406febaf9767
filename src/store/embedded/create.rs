//! Makes the data folder of a new cluster.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;
use std::process::{Output, Stdio};

use walkdir::{DirEntry, WalkDir};

use super::account::{Account, open_up};
use super::binaries::{Binaries, brought};
use super::error::ClusterError;
use super::server::{prepare, reason_in};
use super::{ClusterConfig, ROLE};

/// The PostgreSQL major that made the data folder; `None` if there is none.
pub(super) fn major_of(data: &Path) -> Result<Option<u32>, ClusterError> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text
            .trim()
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClusterError::io("read", &file)(error)),
    }
}

/// Makes the data folder: first under another name, so that one that bears its
/// right name is complete whenever we were killed.
pub(super) fn data_folder(
    account: Account,
    binaries: &Binaries,
    config: &ClusterConfig,
) -> Result<(), ClusterError> {
    let layout = config.layout();
    let parent = account.data_parent(&layout)?;
    let unfinished = parent.join("data.new");
    let finished = parent.join("data");
    remove_folder(&unfinished)?;
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&unfinished)
        .map_err(ClusterError::io("create", &unfinished))?;
    account.hand_over(&unfinished)?;
    let program = Program {
        account,
        initdb: &binaries.bin.join("initdb"),
        sync: !config.is_volatile(),
    };
    initdb(&program, locales(binaries.major), &unfinished)?;
    fs::rename(&unfinished, &finished).map_err(ClusterError::io("rename", &unfinished))?;
    link_from(&layout.data(), &finished)
}

/// Where the data could not be made in its own place, that place points to it.
fn link_from(place: &Path, data: &Path) -> Result<(), ClusterError> {
    if place == data {
        return Ok(());
    }
    if place.is_symlink() {
        fs::remove_file(place).map_err(ClusterError::io("remove", place))?;
    }
    symlink(data, place).map_err(ClusterError::io("create", place))
}

/// How `initdb` is run.
struct Program<'a> {
    account: Account,
    initdb: &'a Path,
    /// Whether to wait until the disk has it.
    sync: bool,
}

/// Takes the first of `locales` that the system has.
fn initdb(program: &Program<'_>, locales: &[&[&str]], data: &Path) -> Result<(), ClusterError> {
    let mut reason = String::new();
    for locale in locales {
        let output = run_initdb(program, locale, data)?;
        if output.status.success() {
            return Ok(());
        }
        reason = reason_in(&String::from_utf8_lossy(&output.stderr));
        if !reason.contains("locale") {
            break;
        }
    }
    Err(ClusterError::Initdb { reason })
}

/// Sorting by code point whatever the host is set to, so that an index does not
/// depend on the C library that built it; `C` alone where `C.UTF-8` is unknown.
fn locales(major: u32) -> &'static [&'static [&'static str]] {
    if major >= 17 {
        return &[&[
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]];
    }
    &[&["--locale=C.UTF-8"], &["--locale=C"]]
}

fn run_initdb(program: &Program<'_>, locale: &[&str], data: &Path) -> Result<Output, ClusterError> {
    let mut command = program.account.command(program.initdb);
    command
        .arg("-D")
        .arg(data)
        .args(["-U", ROLE, "--encoding=UTF8"])
        .args(locale);
    command
        .args(["--auth-local=trust", "--auth-host=reject"])
        .stdin(Stdio::null());
    if !program.sync {
        command.arg("--no-sync");
    }
    prepare(&mut command);
    command
        .output()
        .map_err(ClusterError::io("run", program.initdb))
}

/// The same installation where the account can run it: in its place, or copied
/// out of a home that the account may not enter.
pub(super) fn within_reach(
    account: Account,
    binaries: Binaries,
    config: &ClusterConfig,
) -> Result<Binaries, ClusterError> {
    if account.can_run(&binaries.bin.join("postgres")) {
        return Ok(binaries);
    }
    let version = version_folder(&binaries, config)?;
    let target = account
        .data_parent(&config.layout())?
        .join(format!("postgres-{}", binaries.major));
    if !target.is_dir() {
        copy_folder(version, &target)?;
    }
    Ok(Binaries {
        bin: target.join("bin"),
        ..binaries
    })
}

/// The folder of a version that set-up brought; nothing else is ours to copy.
fn version_folder<'a>(
    binaries: &'a Binaries,
    config: &ClusterConfig,
) -> Result<&'a Path, ClusterError> {
    let folder = binaries
        .bin
        .parent()
        .filter(|folder| folder.starts_with(brought(&config.home)));
    folder.ok_or_else(|| ClusterError::NotUsable {
        bin: binaries.bin.clone(),
        reason: "the user that PostgreSQL has to run as cannot reach it".to_owned(),
    })
}

/// Copies whole or not at all.
fn copy_folder(from: &Path, target: &Path) -> Result<(), ClusterError> {
    let unfinished = target.with_extension("new");
    remove_folder(&unfinished)?;
    for found in WalkDir::new(from) {
        let found = found.map_err(|error| ClusterError::io("copy", from)(error.into()))?;
        let inside = found.path().strip_prefix(from).unwrap_or(found.path());
        copy(&found, &unfinished.join(inside))?;
    }
    fs::rename(&unfinished, target).map_err(ClusterError::io("rename", &unfinished))
}

/// Programs find their libraries by relative paths, so links stay links; only
/// the folder itself may be one.
fn copy(found: &DirEntry, target: &Path) -> Result<(), ClusterError> {
    let from = found.path();
    let failed = |error| ClusterError::io("copy", from)(error);
    if from.is_dir() && (found.depth() == 0 || !found.path_is_symlink()) {
        fs::create_dir(target).map_err(failed)?;
        return open_up(target);
    }
    if found.path_is_symlink() {
        return fs::read_link(from)
            .and_then(|link| symlink(link, target))
            .map_err(failed);
    }
    fs::copy(from, target).map(drop).map_err(failed)
}

fn remove_folder(folder: &Path) -> Result<(), ClusterError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ClusterError::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_knows_who_made_it() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(major_of(data.path()).unwrap(), None);
        fs::write(data.path().join("PG_VERSION"), "16\n").unwrap();
        assert_eq!(major_of(data.path()).unwrap(), Some(16));
    }
}
