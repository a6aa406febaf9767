//! The main job: what is walked, how it is cut and embedded, where it goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use super::checkout::Checkout;
use super::home::Home;
use super::models::{models, threads, tokenizer};
use super::servers::{served_models, servers};
use super::{Database, Output, database, directory, repository, value, vector_index, writable};
use crate::chunk;
use crate::cli::{self, IndexArgs, MemoryArgs};
use crate::embed::{ModelConfig, Roles, TextTokenizer};
use crate::error::Advise;
use crate::exit::Exit;
use crate::language;
use crate::memory;
use crate::names::{RelPath, RepositoryName};
use crate::outcome::{MaxFailed, SkipReason};
use crate::read::{self, ReadOptions};
use crate::search;
use crate::shard::Shard;
use crate::source::{Digest, Ingredients};
use crate::store::{self, CheckoutState, RoleModel, VectorIndex};
use crate::walk::WalkOptions;

/// The main job.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the user's"
)]
pub struct IndexPlan {
    /// The name the code base is stored under.
    pub repository: RepositoryName,
    /// What is checked out, if this is a git checkout.
    pub checkout: CheckoutState,
    /// What to walk.
    pub walk: WalkOptions,
    /// Whether secrets are masked.
    pub mask: bool,
    /// One file at a time.
    pub sequential: bool,
    /// Do unchanged files again.
    pub full: bool,
    /// Only these files; all if none.
    pub shard: Option<Shard>,
    /// A hash of the options that decide which files belong.
    pub rules: Digest,
    /// Retire also more than half of the files.
    pub allow_shrink: bool,
    /// Wait for another run on the same repository.
    pub wait: bool,
    /// Touch no database, load no model.
    pub dry_run: bool,
    /// Threads for inference.
    pub threads: usize,
    /// How many failures are acceptable.
    pub max_failed: MaxFailed,
    /// Where the rows go.
    pub database: Database,
    /// How long a server that goes away is waited for.
    pub patience: Duration,
    /// How the vectors are indexed where no index stands yet.
    pub vector_index: VectorIndex,
    /// The models of the two roles; at least one.
    pub models: Roles<ModelConfig>,
    /// How much memory there is.
    pub memory: Memory,
    /// What is printed.
    pub output: Output,
    /// Where the summary is written to.
    pub report: Option<PathBuf>,
}

/// The files that a graph is made of, on disk.
#[derive(Debug, Clone, Copy)]
pub struct Tree<'a> {
    /// Whose they are.
    pub repository: &'a RepositoryName,
    /// What their paths are relative to.
    pub root: &'a Path,
    /// Make it also if nothing has changed.
    pub anew: bool,
}

/// How much memory a run may take, and where its curve is written.
#[derive(Debug, Clone)]
pub struct Memory {
    /// In bytes; none if nothing says how much there is.
    pub limit: Option<u64>,
    /// Where resident memory against files done is written.
    pub profile: Option<PathBuf>,
}

pub(super) fn index_plan(args: IndexArgs, home: &Home) -> anyhow::Result<IndexPlan> {
    let dir = directory(&args.dir.ok_or_else(|| anyhow!("no directory was given"))?)?;
    let checkout = Checkout::around(&dir);
    let max_failed = value::max_failed(&args.max_failed)
        .exit(Exit::Usage, "give a number of files, or a share such as 5%")?;
    let patience = Duration::from_secs(args.retry_for.into());
    let served_by = servers(&args.server, patience)?.filter(|_| !args.dry_run);
    let models = match &served_by {
        Some(servers) => served_models(&args.models, servers, home)?,
        None => models(&args.models, home)?,
    };
    Ok(IndexPlan {
        repository: repository(args.repository, &dir, checkout.as_ref())?,
        walk: walk(&args.files, &dir, checkout.as_ref())?,
        rules: rules(&args.files),
        shard: args.shard.as_deref().map(shard).transpose()?,
        checkout: checkout.map(|checkout| checkout.state).unwrap_or_default(),
        mask: !args.files.no_mask,
        sequential: args.sequential,
        full: args.full,
        allow_shrink: args.allow_shrink,
        wait: args.wait,
        dry_run: args.dry_run,
        threads: served_by
            .map_or_else(|| threads(args.models.threads), |server| server.concurrency),
        max_failed,
        database: database(args.database, home)?,
        patience,
        vector_index: vector_index(args.vector_index),
        models,
        memory: memory_plan(args.memory)?,
        output: Output {
            json: args.output.json,
            verbose: args.output.verbose > 0,
            quiet: args.output.quiet,
        },
        report: args.output.report.map(writable).transpose()?,
    })
}

fn walk(
    files: &cli::FileArgs,
    dir: &Path,
    checkout: Option<&Checkout>,
) -> anyhow::Result<WalkOptions> {
    let exclude_tests = files.exclude_tests;
    let options = WalkOptions {
        root: checkout.map_or(dir, |checkout| &checkout.root).to_owned(),
        start: dir.to_owned(),
        include: files.include.clone(),
        exclude: files.exclude.clone(),
        max_file_size: value::size(&files.max_file_size).exit(Exit::Usage, value::SIZE_HINT)?,
        judge: Arc::new(move |path| judge(path, exclude_tests)),
    };
    options
        .check()
        .exit(Exit::Usage, "a glob has git's syntax, as in a .gitignore")?;
    Ok(options)
}

fn shard(text: &str) -> anyhow::Result<Shard> {
    text.parse().exit(
        Exit::Usage,
        "give a number from 1 and how many there are: 1/4, 2/4, …",
    )
}

fn rules(files: &cli::FileArgs) -> Digest {
    Digest::of(format!("{files:?}").as_bytes())
}

fn judge(path: &RelPath, exclude_tests: bool) -> Option<SkipReason> {
    if language::detect(path).is_none() {
        Some(SkipReason::UnsupportedLanguage)
    } else if exclude_tests && chunk::is_test(path) {
        Some(SkipReason::Test)
    } else {
        None
    }
}

fn memory_plan(args: MemoryArgs) -> anyhow::Result<Memory> {
    let limit = args.memory_limit.as_deref().map(value::size).transpose();
    let limit = limit.exit(Exit::Usage, value::SIZE_HINT)?;
    Ok(Memory {
        limit: limit.or_else(memory::limit),
        profile: args.memory_profile,
    })
}

impl IndexPlan {
    /// Whether the file at `path` is one of those to index.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        self.shard.is_none_or(|shard| shard.holds(path))
    }

    /// What its graph is made of.
    #[must_use]
    pub fn tree(&self) -> Tree<'_> {
        Tree {
            repository: &self.repository,
            root: &self.walk.root,
            anew: self.full,
        }
    }

    /// How its files are read.
    #[must_use]
    pub fn reading(&self) -> ReadOptions {
        ReadOptions {
            max_bytes: self.walk.max_file_size,
            mask: self.mask,
        }
    }

    /// The models of the roles, as a database remembers them.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn stored_models(&self) -> anyhow::Result<store::Models> {
        let stored = |config: &ModelConfig| -> anyhow::Result<RoleModel> {
            let manifest = config.manifest()?;
            let digest = Digest::of(config.identity()?.as_bytes());
            Ok(RoleModel {
                id: config.id.clone(),
                digest: digest.to_string(),
                width: manifest.dimensions,
            })
        };
        Ok(store::Models {
            text: self.models.text.as_ref().map(stored).transpose()?,
            code: self.models.code.as_ref().map(stored).transpose()?,
        })
    }

    /// What decides the rows of a file besides its bytes.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn ingredients(&self) -> anyhow::Result<Ingredients> {
        let mut ingredients = chunk::ingredients();
        let masking = self.mask.then(read::recipe).unwrap_or_default();
        ingredients.add("masking of secrets", masking);
        ingredients.add("words of search", search::VERSION.to_string());
        for (role, model) in [
            ("text model", &self.models.text),
            ("code model", &self.models.code),
        ] {
            let identity = model.as_ref().map(ModelConfig::identity).transpose()?;
            ingredients.add(role, identity.unwrap_or_default());
        }
        Ok(ingredients)
    }

    /// The tokenizers of the roles; one that two roles share is read once.
    ///
    /// # Errors
    /// A tokenizer that is missing, with advice.
    pub fn tokenizers(&self) -> anyhow::Result<Roles<Arc<TextTokenizer>>> {
        let open = |config: &ModelConfig| tokenizer(config).map(Arc::new);
        let text = self.models.text.as_ref().map(open).transpose()?;
        let code = match (&self.models.text, &self.models.code) {
            (Some(a), Some(b)) if a.id == b.id => text.clone(),
            (_, code) => code.as_ref().map(open).transpose()?,
        };
        Ok(Roles { text, code })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_a_file_like_any_other_unless_tests_are_excluded() {
        let path = RelPath::new(Path::new("/r"), Path::new("/r/src/a.test.ts")).unwrap();
        assert_eq!(judge(&path, false), None);
        assert_eq!(judge(&path, true), Some(SkipReason::Test));
    }
}
