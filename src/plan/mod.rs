//! What will be done: everything the user typed, checked, with the environment
//! read here and nowhere else. Hands out ready parts, so that no stage sees the
//! command line.

mod checkout;
mod home;
mod standing;
mod value;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::chunk;
use crate::cli::{
    self, Args, Command, DatabaseArgs, DbCommand, IndexArgs, MemoryArgs, ModelArgs, OutputArgs,
    PrecisionArg, ProviderArg, RoleArg,
};
use crate::embed::{Manifest, ModelConfig, Precision, Provider, Roles, TextTokenizer};
use crate::error::{Advise, AdviseItself};
use crate::exit::Exit;
use crate::language;
use crate::memory;
use crate::names::{ModelId, RelPath, RepositoryName};
use crate::outcome::{MaxFailed, SkipReason};
use crate::read::{self, ReadOptions};
use crate::source::{Digest, Ingredients};
use crate::store::embedded::{self, ClusterConfig};
use crate::store::{self, CheckoutState, DatabaseUrl, RoleModel};
use crate::terminal::{Color, TerminalOptions};
use crate::walk::WalkOptions;

use checkout::Checkout;
use home::Home;
use standing::{forget_plan, gc_plan, status_plan, verify_plan};

pub use standing::{ForgetPlan, GcPlan, Place, StatusPlan, VerifyPlan};

/// Which of the program's jobs is to be done.
pub enum Plan {
    /// The main job.
    Index(Box<IndexPlan>),
    /// Managing the private PostgreSQL.
    Database(DatabasePlan),
    /// Showing the chunks of files.
    Chunk(ChunkPlan),
    /// Showing what an index holds.
    Status(StatusPlan),
    /// Checking an index.
    Verify(VerifyPlan),
    /// Taking a repository out of an index.
    Forget(ForgetPlan),
    /// Freeing what nothing uses.
    Gc(GcPlan),
}

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
    /// The models of the two roles; at least one.
    pub models: Roles<ModelConfig>,
    /// How much memory there is.
    pub memory: Memory,
    /// What is printed.
    pub output: Output,
    /// Where the summary is written to.
    pub report: Option<PathBuf>,
}

/// How much memory a run may take, and where its curve is written.
#[derive(Debug, Clone)]
pub struct Memory {
    /// In bytes; none if nothing says how much there is.
    pub limit: Option<u64>,
    /// Where resident memory against files done is written.
    pub profile: Option<PathBuf>,
}

/// Where the rows go.
#[derive(Clone)]
pub enum Database {
    /// A server that the user named.
    Url(DatabaseUrl),
    /// The private one, and the database's name in it.
    Private(ClusterConfig, String),
}

/// What is printed to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// NDJSON instead of text.
    pub json: bool,
    /// A line per file.
    pub verbose: bool,
    /// Nothing but errors.
    pub quiet: bool,
}

/// Managing the private PostgreSQL.
pub struct DatabasePlan {
    /// What to do.
    pub command: DbCommand,
    /// With which one.
    pub cluster: ClusterConfig,
}

/// Showing the chunks of files.
pub struct ChunkPlan {
    /// The files.
    pub files: Vec<PathBuf>,
    /// How they are read.
    pub read: ReadOptions,
    /// The model whose tokenizer sizes the chunks.
    pub model: ModelConfig,
    /// One JSON object per file instead of text.
    pub json: bool,
}

/// What the terminal needs to know, before anything can go wrong.
#[must_use]
pub fn terminal(output: &OutputArgs) -> TerminalOptions {
    let color = match output.color {
        cli::ColorArg::Auto if home::is_set("NO_COLOR") => Color::Never,
        cli::ColorArg::Auto => Color::Auto,
        cli::ColorArg::Always => Color::Always,
        cli::ColorArg::Never => Color::Never,
    };
    TerminalOptions {
        color,
        progress: !(output.no_progress || output.quiet),
        plain_every: Duration::from_secs(5),
        libraries: output.verbose > 1,
        quiet: output.quiet,
    }
}

/// Checks what was typed.
///
/// # Errors
/// One message for the first thing that makes no sense, with advice.
pub fn plan(args: Args) -> anyhow::Result<Plan> {
    let home = Home::find()?;
    match args.command {
        Some(Command::Db { command }) => Ok(Plan::Database(DatabasePlan {
            command,
            cluster: home.cluster(),
        })),
        Some(Command::Chunk(args)) => chunk_plan(args, &home).map(Plan::Chunk),
        Some(Command::Status(args)) => status_plan(args, &home).map(Plan::Status),
        Some(Command::Verify(args)) => verify_plan(args, &home).map(Plan::Verify),
        Some(Command::Forget(args)) => forget_plan(args, &home).map(Plan::Forget),
        Some(Command::Gc(args)) => gc_plan(args, &home).map(Plan::Gc),
        None => index_plan(args.index, &home).map(|plan| Plan::Index(Box::new(plan))),
    }
}

fn chunk_plan(args: cli::ChunkArgs, home: &Home) -> anyhow::Result<ChunkPlan> {
    let models = args.models_dir.unwrap_or_else(|| home.models());
    Ok(ChunkPlan {
        files: args.files,
        read: ReadOptions {
            max_bytes: value::size(&args.max_file_size).exit(Exit::Usage, SIZE_HINT)?,
            mask: !args.no_mask,
        },
        model: model_config(
            &args.model,
            (&models, home.library(Provider::Cpu)),
            (Provider::Cpu, None),
        )?,
        json: args.json,
    })
}

fn index_plan(args: IndexArgs, home: &Home) -> anyhow::Result<IndexPlan> {
    let dir = directory(&args.dir.ok_or_else(|| anyhow!("no directory was given"))?)?;
    let checkout = Checkout::around(&dir);
    let max_failed = value::max_failed(&args.max_failed)
        .exit(Exit::Usage, "give a number of files, or a share such as 5%")?;
    Ok(IndexPlan {
        repository: repository(args.repository, &dir, checkout.as_ref())?,
        walk: walk(&args.files, &dir, checkout.as_ref())?,
        checkout: checkout.map(|checkout| checkout.state).unwrap_or_default(),
        mask: !args.files.no_mask,
        sequential: args.sequential,
        full: args.full,
        allow_shrink: args.allow_shrink,
        wait: args.wait,
        dry_run: args.dry_run,
        threads: threads(args.models.threads),
        max_failed,
        database: database(args.database, home)?,
        patience: Duration::from_secs(args.retry_for.into()),
        models: models(&args.models, home)?,
        memory: memory_plan(args.memory)?,
        output: Output {
            json: args.output.json,
            verbose: args.output.verbose > 0,
            quiet: args.output.quiet,
        },
        report: args.output.report.map(report_file).transpose()?,
    })
}

/// A file that can be written: better known now than after an hour.
fn report_file(path: PathBuf) -> anyhow::Result<PathBuf> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))
        .hint("name a file in a directory that exists and can be written")?;
    Ok(path)
}

fn directory(dir: &Path) -> anyhow::Result<PathBuf> {
    let shown = dir.display();
    let found = std::fs::canonicalize(dir)
        .with_context(|| format!("cannot index {shown}"))
        .hint("name a directory that exists; nothing was changed")?;
    if !found.is_dir() {
        return Err(anyhow!("{shown} is a file, not a directory"))
            .hint("name the directory it is in; `mnemo-index chunk FILE` shows one file");
    }
    std::fs::read_dir(&found)
        .with_context(|| format!("cannot read the directory {shown}"))
        .hint("check its permissions; nothing was changed")?;
    Ok(found)
}

fn repository(
    name: Option<String>,
    dir: &Path,
    checkout: Option<&Checkout>,
) -> anyhow::Result<RepositoryName> {
    let name = name
        .or_else(|| checkout.and_then(|checkout| checkout.remote.clone()))
        .or_else(|| Some(dir.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_default();
    repository_name(&name)
}

fn repository_name(name: &str) -> anyhow::Result<RepositoryName> {
    RepositoryName::new(name).exit(Exit::Usage, "give it a name with --repository NAME")
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
        max_file_size: value::size(&files.max_file_size).exit(Exit::Usage, SIZE_HINT)?,
        judge: Arc::new(move |path| judge(path, exclude_tests)),
    };
    options
        .check()
        .exit(Exit::Usage, "a glob has git's syntax, as in a .gitignore")?;
    Ok(options)
}

const SIZE_HINT: &str = "give a number of bytes, or one with K, M or G: 500K, 2M";

fn judge(path: &RelPath, exclude_tests: bool) -> Option<SkipReason> {
    if language::detect(path).is_none() {
        Some(SkipReason::UnsupportedLanguage)
    } else if exclude_tests && chunk::is_test(path) {
        Some(SkipReason::Test)
    } else {
        None
    }
}

fn threads(wanted: Option<u16>) -> usize {
    // The count honours cgroup quotas and the processors this process may use.
    wanted.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    )
}

fn database(args: DatabaseArgs, home: &Home) -> anyhow::Result<Database> {
    match args.database_url.filter(|url| !url.is_empty()) {
        None => Ok(Database::Private(
            home.cluster(),
            embedded::DEFAULT_DATABASE.to_owned(),
        )),
        Some(url) => Ok(Database::Url(DatabaseUrl::new(&url).advise()?)),
    }
}

fn memory_plan(args: MemoryArgs) -> anyhow::Result<Memory> {
    let limit = args.memory_limit.as_deref().map(value::size).transpose();
    let limit = limit.exit(Exit::Usage, SIZE_HINT)?;
    Ok(Memory {
        limit: limit.or_else(memory::limit),
        profile: args.memory_profile,
    })
}

fn models(args: &ModelArgs, home: &Home) -> anyhow::Result<Roles<ModelConfig>> {
    let folder = args.models_dir.clone().unwrap_or_else(|| home.models());
    let provider = match args.provider {
        ProviderArg::Cpu => Provider::Cpu,
        ProviderArg::Cuda => Provider::Cuda,
        ProviderArg::Openvino => Provider::OpenVino,
        ProviderArg::Auto if args.precision == Some(PrecisionArg::Int8) => Provider::Cpu,
        ProviderArg::Auto => home.fastest_provider(),
    };
    let precision = args.precision.map(|precision| match precision {
        PrecisionArg::Fp32 => Precision::Fp32,
        PrecisionArg::Int8 => Precision::Int8,
    });
    let role = |role, id: &str| {
        let place = (&*folder, home.library(provider));
        let wanted = args.roles.contains(&role);
        wanted
            .then(|| model_config(id, place, (provider, precision)))
            .transpose()
    };
    Ok(Roles {
        text: role(RoleArg::Text, &args.text_model)?,
        code: role(RoleArg::Code, &args.code_model)?,
    })
}

fn model_config(
    id: &str,
    (models, library): (&Path, PathBuf),
    (provider, precision): (Provider, Option<Precision>),
) -> anyhow::Result<ModelConfig> {
    let id = ModelId::new(id).exit(Exit::Usage, "a model's id is the name of its folder")?;
    let config = ModelConfig {
        id,
        models: models.to_owned(),
        library,
        provider,
        precision,
    };
    let manifest = config.manifest().exit(
        Exit::Usage,
        "a model of your own needs a model.toml in its folder, with a table [int8] for that precision",
    )?;
    if provider == Provider::OpenVino && manifest.precision == Precision::Int8 {
        // OpenVINO has none of the operators: all would run elsewhere, unasked.
        return Err(anyhow!("the openvino provider does not run int8"))
            .exit(Exit::Usage, "leave out --precision, or take --provider cpu");
    }
    Ok(config)
}

impl IndexPlan {
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
            let digest = Digest::of(manifest.identity().as_bytes());
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
        for (role, model) in [
            ("text model", &self.models.text),
            ("code model", &self.models.code),
        ] {
            let manifest = model.as_ref().map(ModelConfig::manifest).transpose()?;
            let identity = manifest.as_ref().map(Manifest::identity);
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

/// Reads a model's tokenizer.
///
/// # Errors
/// One that is missing or broken, with advice.
pub fn tokenizer(config: &ModelConfig) -> anyhow::Result<TextTokenizer> {
    config.tokenizer().hint(MODEL_HINT)
}

/// What to do about a model that is missing, truncated or another one.
pub const MODEL_HINT: &str =
    "run scripts/setup to get the model again, or name its folder with --models-dir";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_a_file_like_any_other_unless_tests_are_excluded() {
        let path = RelPath::new(Path::new("/r"), Path::new("/r/src/a.test.ts")).unwrap();
        assert_eq!(judge(&path, false), None);
        assert_eq!(judge(&path, true), Some(SkipReason::Test));
    }

    #[test]
    fn without_a_name_the_folder_gives_it() {
        let name = repository(None, Path::new("/code/rxjs"), None).unwrap();
        assert_eq!(name.as_str(), "rxjs");
        assert!(repository(None, Path::new("/"), None).is_err());
    }
}
