//! Finds a PostgreSQL that has pgvector.
//!
//! An installed one is preferred to the one that set-up brought along, because
//! the system keeps it patched. Nothing is taken that lacks pgvector's files:
//! a server without them starts well and fails at the first table.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterConfig;
use super::error::ClusterError;

/// One PostgreSQL installation that has pgvector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// Holds `postgres` and `initdb`.
    pub bin: PathBuf,
    /// The major version.
    pub major: u32,
}

/// Finds the installation for a data folder of major version `wanted`, or for a
/// new one where that is `None`.
pub(super) fn find(config: &ClusterConfig, wanted: Option<u32>) -> Result<Binaries, ClusterError> {
    if let Some(bin) = &config.binaries {
        let found = inspect(bin).map_err(|reason| ClusterError::NotUsable {
            bin: bin.clone(),
            reason: reason.to_string(),
        })?;
        return fits(&found, wanted)
            .then_some(found.clone())
            .ok_or_else(|| other_major(config, wanted, vec![found.major]));
    }
    search(config, wanted)
}

fn search(config: &ClusterConfig, wanted: Option<u32>) -> Result<Binaries, ClusterError> {
    let mut without_vector = Vec::new();
    let mut available = Vec::new();
    for bin in candidates(&config.home) {
        match inspect(&bin) {
            Ok(found) if fits(&found, wanted) => return Ok(found),
            Ok(found) => available.push(found.major),
            Err(Unusable::Vector) => without_vector.push(bin),
            Err(Unusable::Server | Unusable::Version) => {}
        }
    }
    match wanted {
        Some(_) => Err(other_major(config, wanted, available)),
        None => Err(ClusterError::NoBinaries { without_vector }),
    }
}

fn fits(found: &Binaries, wanted: Option<u32>) -> bool {
    wanted.is_none_or(|major| major == found.major)
}

fn other_major(config: &ClusterConfig, wanted: Option<u32>, available: Vec<u32>) -> ClusterError {
    ClusterError::OtherMajor {
        data: config.layout().data(),
        found: wanted.unwrap_or_default(),
        available,
    }
}

/// The folders to look at, best first, each once.
fn candidates(home: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ask("pg_config", "--bindir").into_iter().collect();
    found.extend(versions_below(Path::new("/usr/lib/postgresql")));
    for usual in [
        "/usr/local/pgsql/bin",
        "/usr/local/bin",
        "/usr/bin",
        "/opt/homebrew/bin",
    ] {
        found.push(PathBuf::from(usual));
    }
    // Packages of the PostgreSQL project for RPM systems: /usr/pgsql-17/bin.
    found.extend(
        (13..=30)
            .rev()
            .map(|major| PathBuf::from(format!("/usr/pgsql-{major}/bin"))),
    );
    found.extend(versions_below(&brought(home)));
    let mut seen = std::collections::HashSet::new();
    found.retain(|bin| seen.insert(bin.clone()));
    found
}

/// Where set-up unpacks a PostgreSQL, one folder per version.
pub(super) fn brought(home: &Path) -> PathBuf {
    home.join("postgres")
}

/// `*/bin` below `root`, the highest version first.
fn versions_below(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(Vec<u32>, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| {
            (
                version_numbers(&entry.file_name().to_string_lossy()),
                entry.path().join("bin"),
            )
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, bin)| bin).collect()
}

fn version_numbers(name: &str) -> Vec<u32> {
    name.split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

/// What a folder lacks that is passed over.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum Unusable {
    #[error("postgres or initdb is not in it")]
    Server,
    #[error("its postgres does not tell its version")]
    Version,
    #[error("pgvector 0.7 or newer is not installed for it")]
    Vector,
}

fn inspect(bin: &Path) -> Result<Binaries, Unusable> {
    let postgres = bin.join("postgres");
    if !postgres.is_file() || !bin.join("initdb").is_file() {
        return Err(Unusable::Server);
    }
    let major = major_version(&postgres).ok_or(Unusable::Version)?;
    if !share_folders(bin, major)
        .iter()
        .any(|share| has_vector(share))
    {
        return Err(Unusable::Vector);
    }
    Ok(Binaries {
        bin: bin.to_owned(),
        major,
    })
}

/// `postgres (PostgreSQL) 18.4` → 18.
fn major_version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().nth(2)?;
    version_numbers(version)
        .first()
        .copied()
        .or_else(|| leading_number(version))
}

/// `19beta1` → 19.
fn leading_number(text: &str) -> Option<u32> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Where the extension files of the server in `bin` may stand.
fn share_folders(bin: &Path, major: u32) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ask(bin.join("pg_config"), "--sharedir")
        .into_iter()
        .collect();
    if let Some(prefix) = bin.parent() {
        folders.push(prefix.join("share/postgresql"));
        folders.push(prefix.join("share"));
    }
    folders.push(PathBuf::from(format!("/usr/share/postgresql/{major}")));
    folders
}

/// The answer of `pg_config` to one question; `None` if it is not there.
fn ask(pg_config: impl AsRef<Path>, question: &str) -> Option<PathBuf> {
    let output = Command::new(pg_config.as_ref())
        .arg(question)
        .output()
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let answer = answer.trim();
    (output.status.success() && !answer.is_empty()).then(|| PathBuf::from(answer))
}

/// halfvec, which the readers search, came with pgvector 0.7.
fn has_vector(share: &Path) -> bool {
    let Ok(control) = fs::read_to_string(share.join("extension/vector.control")) else {
        return false;
    };
    default_version(&control).is_some_and(|version| version >= vec![0, 7])
}

fn default_version(control: &str) -> Option<Vec<u32>> {
    let line = control
        .lines()
        .find(|line| line.trim_start().starts_with("default_version"))?;
    Some(version_numbers(line.split('\'').nth(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_compares_by_number_not_by_letter() {
        assert!(version_numbers("18.4") > version_numbers("9.6"));
        assert_eq!(version_numbers("16"), [16]);
        assert_eq!(leading_number("19beta1"), Some(19));
    }

    #[test]
    fn the_control_file_tells_the_version_of_pgvector() {
        let control = "comment = 'vectors'\ndefault_version = '0.8.5'\nmodule_pathname = 'x'\n";
        assert_eq!(default_version(control), Some(vec![0, 8, 5]));
        assert_eq!(default_version("comment = 'none'"), None);
    }

    /// An installation as far as the search looks at one.
    fn installation(prefix: &Path, version: &str, vector: Option<&str>) -> PathBuf {
        let (bin, extension) = (prefix.join("bin"), prefix.join("share/extension"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&extension).unwrap();
        let script = prefix.join("script");
        let text = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
        fs::write(&script, text).unwrap();
        for program in ["postgres", "initdb"] {
            // Copied by another process: a program that this one still had open
            // for writing in some fork could not be run.
            let mut install = Command::new("install");
            install
                .args(["-m", "755"])
                .args([&script, &bin.join(program)]);
            assert!(install.status().unwrap().success());
        }
        if let Some(version) = vector {
            let control = format!("default_version = '{version}'\n");
            fs::write(extension.join("vector.control"), control).unwrap();
        }
        bin
    }

    #[test]
    fn a_folder_without_a_server_or_pgvector_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(inspect(folder.path()), Err(Unusable::Server));
        let bin = installation(&folder.path().join("none"), "90.1", None);
        assert_eq!(inspect(&bin), Err(Unusable::Vector));
        let bin = installation(&folder.path().join("old"), "90.1", Some("0.6.2"));
        assert_eq!(inspect(&bin), Err(Unusable::Vector));
        let bin = installation(&folder.path().join("good"), "90.1", Some("0.8.5"));
        assert_eq!(inspect(&bin), Ok(Binaries { bin, major: 90 }));
    }

    #[test]
    fn data_gets_the_major_version_that_made_it() {
        let home = tempfile::tempdir().unwrap();
        for (name, version) in [("91.2", "91.2"), ("91.10", "91.10"), ("90.3", "90.3")] {
            installation(&brought(home.path()).join(name), version, Some("0.8.5"));
        }
        let config = ClusterConfig {
            home: home.path().to_owned(),
            ..ClusterConfig::default()
        };
        let newest = brought(home.path()).join("91.10/bin");
        assert_eq!(find(&config, Some(91)).unwrap().bin, newest);
        assert_eq!(find(&config, Some(90)).unwrap().major, 90);
        let error = find(&config, Some(89)).unwrap_err();
        assert!(error.to_string().contains("PostgreSQL 89"), "{error}");
    }

    #[test]
    fn a_named_folder_is_the_only_one_looked_at() {
        let home = tempfile::tempdir().unwrap();
        let bin = installation(&home.path().join("named"), "90.1", Some("0.8.5"));
        installation(&brought(home.path()).join("91"), "91.0", Some("0.8.5"));
        let config = ClusterConfig {
            home: home.path().to_owned(),
            binaries: Some(bin),
            ..ClusterConfig::default()
        };
        assert_eq!(find(&config, None).unwrap().major, 90);
        assert!(matches!(
            find(&config, Some(91)),
            Err(ClusterError::OtherMajor { .. })
        ));
    }
}
