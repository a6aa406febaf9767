//! Walks a directory and says of every path it meets whether it belongs into
//! the index, and if not, why.
//!
//! What git ignores is left out without a word, as git itself does; whatever
//! else is left out is reported with its reason. `--include` brings back
//! anything, also what git ignores: a second walk without rules collects the
//! paths that match, and both are merged in path order.

mod rules;

use std::collections::BTreeSet;
use std::fs::FileType;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder};
use thiserror::Error;

use crate::names::{NameError, RelPath};
use crate::outcome::SkipReason;
use crate::source::SourceFile;

/// The ignore file of this tool, with git's syntax; wins over `.gitignore`.
pub const IGNORE_FILE: &str = ".mnemoignore";

/// Says why a file with this path does not belong into the index, if so.
pub type Judge = Arc<dyn Fn(&RelPath) -> Option<SkipReason> + Send + Sync>;

/// What to walk, and by which rules.
#[derive(Clone)]
pub struct WalkOptions {
    /// The repository's root, which paths are relative to; absolute and without
    /// symbolic links.
    pub root: PathBuf,
    /// The directory to walk: the root or one below it.
    pub start: PathBuf,
    /// Globs in git's syntax: what matches is brought back.
    pub include: Vec<String>,
    /// Globs in git's syntax: what matches is left out.
    pub exclude: Vec<String>,
    /// Larger files are left out, in bytes.
    pub max_file_size: u64,
    /// Rules that need to know about languages. Not asked of what `include`
    /// matches, but for [`SkipReason::UnsupportedLanguage`].
    pub judge: Judge,
}

impl WalkOptions {
    /// The directory to walk as the index names it.
    #[must_use]
    pub fn folder(&self) -> String {
        folder(&self.root, &self.start)
    }

    /// Whether the globs make sense, before any work begins.
    ///
    /// # Errors
    /// [`WalkError::Glob`] for the first one that does not.
    pub fn check(&self) -> Result<(), WalkError> {
        Rules::new(self).map(drop)
    }
}

/// A directory as the index names it: relative to the root, with `/` at its
/// end; empty for the root itself. One that is not UTF-8 gives a name that
/// nothing in the index has.
#[must_use]
pub fn folder(root: &Path, directory: &Path) -> String {
    let below = directory.strip_prefix(root).unwrap_or(directory);
    let slash = if below.as_os_str().is_empty() {
        ""
    } else {
        "/"
    };
    format!("{}{slash}", below.to_string_lossy())
}

/// One thing the walk came upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A file to index.
    File(SourceFile),
    /// A file or folder that is left out.
    Skipped {
        /// Relative path as shown to the user; a folder's ends with `/`.
        path: String,
        /// Why.
        reason: SkipReason,
    },
    /// A place that could not be looked at.
    Unreadable {
        /// Relative path as shown to the user.
        path: String,
        /// Why not.
        cause: String,
    },
}

impl Found {
    /// Where it is, as shown to the user.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::File(file) => file.path.as_str(),
            Self::Skipped { path, .. } | Self::Unreadable { path, .. } => path,
        }
    }
}

/// Why a walk could not begin.
#[derive(Debug, Error)]
pub enum WalkError {
    /// A glob that makes no sense.
    #[error("{glob:?} is not a glob")]
    Glob {
        /// The glob as it was given.
        glob: String,
        /// What is wrong with it.
        #[source]
        source: ignore::Error,
    },
}

/// The walk: an iterator over everything below the root, in path order.
pub struct Walk {
    rules: Rules,
    entries: ignore::Walk,
    /// What the walk's own filter left out since the last step.
    pruned: Arc<Mutex<Vec<Found>>>,
    forced: BTreeSet<PathBuf>,
    /// Found, and to be given out before the walk goes on; last one first.
    waiting: Vec<Found>,
}

impl Walk {
    /// Prepares the walk. With `include` globs the whole tree is walked once
    /// here to find what they match.
    ///
    /// # Errors
    /// [`WalkError::Glob`] for a glob that makes no sense.
    pub fn new(options: &WalkOptions) -> Result<Self, WalkError> {
        let rules = Rules::new(options)?;
        let pruned = Arc::default();
        let forced = rules.forced();
        let entries = rules.walk(&pruned);
        Ok(Self {
            rules,
            entries,
            pruned,
            forced,
            waiting: Vec::new(),
        })
    }

    /// Takes the next entry and queues what it means.
    fn step(&mut self) -> bool {
        let entry = self.entries.next();
        let mut found = std::mem::take(&mut *lock(&self.pruned));
        match entry {
            Some(Ok(entry)) => self.take(&entry, &mut found),
            Some(Err(error)) => found.push(self.rules.unreadable(&error)),
            None => {
                let rest = std::mem::take(&mut self.forced);
                found.extend(rest.iter().map(|path| self.rules.look_at(path, true)));
                found.reverse();
                self.waiting = found;
                return !self.waiting.is_empty();
            }
        }
        found.reverse();
        self.waiting = found;
        true
    }

    fn take(&mut self, entry: &DirEntry, found: &mut Vec<Found>) {
        if entry.depth() == 0 || entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return;
        }
        let later = self.forced.split_off(entry.path());
        let earlier = std::mem::replace(&mut self.forced, later);
        found.extend(earlier.iter().map(|path| self.rules.look_at(path, true)));
        let forced = self.forced.remove(entry.path());
        found.push(self.rules.look_at(entry.path(), forced));
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        while self.waiting.is_empty() {
            if !self.step() {
                return None;
            }
        }
        self.waiting.pop()
    }
}

#[derive(Clone)]
struct Rules {
    options: WalkOptions,
    include: Gitignore,
    exclude: Gitignore,
}

impl Rules {
    fn new(options: &WalkOptions) -> Result<Self, WalkError> {
        Ok(Self {
            options: options.clone(),
            include: globs(&options.root, &options.include)?,
            exclude: globs(&options.root, &options.exclude)?,
        })
    }

    /// The walk by git's rules, which reports the folders it does not enter.
    fn walk(&self, pruned: &Arc<Mutex<Vec<Found>>>) -> ignore::Walk {
        let (rules, pruned) = (self.clone(), Arc::clone(pruned));
        WalkBuilder::new(&self.options.start)
            .hidden(false)
            .ignore(false)
            .require_git(false)
            // Outside a checkout, ignore files above the root are not about it.
            .parents(is_in_checkout(&self.options.start))
            .add_custom_ignore_filename(IGNORE_FILE)
            .sort_by_file_name(Ord::cmp)
            .filter_entry(move |entry| {
                rules.enters(entry).unwrap_or_else(|found| {
                    lock(&pruned).extend(found);
                    false
                })
            })
            .build()
    }

    /// Whether the walk goes into a folder; if not, what to report.
    fn enters(&self, entry: &DirEntry) -> Result<bool, Option<Found>> {
        if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return Ok(true);
        }
        if entry.file_name() == ".git" {
            return Err(None);
        }
        let excluded = self.exclude.matched(entry.path(), true).is_ignore();
        match rules::folder(entry.path()).or(excluded.then_some(SkipReason::Excluded)) {
            None => Ok(true),
            Some(reason) => {
                let path = format!("{}/", self.shown(entry.path()));
                Err(Some(Found::Skipped { path, reason }))
            }
        }
    }

    /// All files that `include` matches, whatever ignores them.
    fn forced(&self) -> BTreeSet<PathBuf> {
        if self.include.is_empty() {
            return BTreeSet::new();
        }
        WalkBuilder::new(&self.options.start)
            .standard_filters(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build()
            .filter_map(Result::ok)
            .filter(|entry| !entry.file_type().is_some_and(|kind| kind.is_dir()))
            .map(DirEntry::into_path)
            .filter(|path| self.matches(&self.include, path))
            .collect()
    }

    fn matches(&self, globs: &Gitignore, path: &Path) -> bool {
        let relative = path.strip_prefix(&self.options.root).unwrap_or(path);
        globs
            .matched_path_or_any_parents(relative, false)
            .is_ignore()
    }

    /// What becomes of one path that is not a folder.
    fn look_at(&self, path: &Path, forced: bool) -> Found {
        match self.judged(path, forced) {
            Ok(file) => Found::File(file),
            Err(found) => found,
        }
    }

    fn judged(&self, absolute: &Path, forced: bool) -> Result<SourceFile, Found> {
        let skipped = |reason| Found::Skipped {
            path: self.shown(absolute),
            reason,
        };
        let path = self
            .relative(absolute)
            .map_err(|_| skipped(SkipReason::PathNotUtf8))?;
        let metadata = std::fs::symlink_metadata(absolute).map_err(|error| Found::Unreadable {
            path: self.shown(absolute),
            cause: error.to_string(),
        })?;
        let reason = kind_of(metadata.file_type())
            .or_else(|| self.by_name(&path, forced))
            .or_else(|| self.by_glob(absolute))
            .or_else(|| {
                (metadata.len() > self.options.max_file_size).then_some(SkipReason::TooLarge)
            });
        match reason {
            Some(reason) => Err(skipped(reason)),
            None => Ok(SourceFile {
                path,
                absolute: absolute.to_owned(),
                size: metadata.len(),
                forced,
            }),
        }
    }

    fn by_name(&self, path: &RelPath, forced: bool) -> Option<SkipReason> {
        let judged = (self.options.judge)(path);
        if judged == Some(SkipReason::UnsupportedLanguage) {
            // What a lock file or a hidden file is called says more than its ending.
            return rules::file(path.file_name()).or(judged);
        }
        if forced {
            None
        } else {
            rules::file(path.file_name()).or(judged)
        }
    }

    fn by_glob(&self, path: &Path) -> Option<SkipReason> {
        self.matches(&self.exclude, path)
            .then_some(SkipReason::Excluded)
    }

    fn relative(&self, path: &Path) -> Result<RelPath, NameError> {
        RelPath::new(&self.options.root, path)
    }

    fn shown(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.options.root).unwrap_or(path);
        relative.to_string_lossy().into_owned()
    }

    fn unreadable(&self, error: &ignore::Error) -> Found {
        let path = match error {
            ignore::Error::WithPath { path, .. } => self.shown(path),
            ignore::Error::WithDepth { err, .. } => return self.unreadable(err),
            _ => String::from("."),
        };
        let cause = error
            .io_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        Found::Unreadable { path, cause }
    }
}

fn kind_of(kind: FileType) -> Option<SkipReason> {
    if kind.is_symlink() {
        Some(SkipReason::SymbolicLink)
    } else if kind.is_file() {
        None
    } else {
        Some(SkipReason::NotAFile)
    }
}

fn globs(root: &Path, lines: &[String]) -> Result<Gitignore, WalkError> {
    let mut builder = GitignoreBuilder::new(root);
    for glob in lines {
        builder
            .add_line(None, &anywhere(glob))
            .map_err(|source| WalkError::Glob {
                glob: glob.clone(),
                source,
            })?;
    }
    builder.build().map_err(|source| WalkError::Glob {
        glob: lines.join(" "),
        source,
    })
}

/// In an ignore file a slash ties a glob to the file's folder. On the command
/// line nobody thinks of that: only a leading slash ties it to the root.
fn anywhere(glob: &str) -> String {
    let (negation, path) = glob
        .strip_prefix('!')
        .map_or(("", glob), |path| ("!", path));
    if path.starts_with('/') {
        glob.to_owned()
    } else {
        format!("{negation}**/{}", path.trim_start_matches("./"))
    }
}

/// Whether `root` is a git checkout or lies in one.
fn is_in_checkout(root: &Path) -> bool {
    root.ancestors().any(|folder| folder.join(".git").exists())
}

/// The list stays whole if a thread that held it panicked.
fn lock(pruned: &Mutex<Vec<Found>>) -> std::sync::MutexGuard<'_, Vec<Found>> {
    pruned.lock().unwrap_or_else(PoisonError::into_inner)
}
