//! What is typed for the main job.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::DatabaseArgs;

/// The options of indexing.
#[derive(Debug, ClapArgs)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch on the command line"
)]
pub struct IndexArgs {
    /// The directory to index
    #[arg(required = true)]
    pub dir: Option<PathBuf>,

    /// The name it is stored under [default: the git remote's name, else the folder's]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// One file at a time in path order, committed before the next is read: the least memory
    #[arg(long)]
    pub sequential: bool,

    /// Do all files again, also those that have not changed
    #[arg(long)]
    pub full: bool,

    /// Index only shard I, from 1, of N: others do the rest at once, `finish` completes it
    #[arg(long, value_name = "I/N", env = "MNEMO_SHARD")]
    pub shard: Option<String>,

    /// Go on if more than half of the files in the index would be retired
    #[arg(long, conflicts_with = "shard")]
    pub allow_shrink: bool,

    /// Wait for another run on the same repository to end [default: exit with 75]
    #[arg(long)]
    pub wait: bool,

    /// Say what would be indexed and what not, and why; touch no database
    #[arg(long)]
    pub dry_run: bool,

    /// Where the rows go.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// How long a database server that goes away is waited for, in seconds
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        env = "MNEMO_RETRY_FOR",
        help_heading = "Database"
    )]
    pub retry_for: u32,

    /// How the vectors are indexed.
    #[command(flatten)]
    pub vector_index: VectorIndexArgs,

    /// Models and where they run.
    #[command(flatten)]
    pub models: ModelArgs,

    /// A server instead of models that run here.
    #[command(flatten)]
    pub server: ServerArgs,

    /// Which files.
    #[command(flatten)]
    pub files: FileArgs,

    /// How much memory.
    #[command(flatten)]
    pub memory: MemoryArgs,

    /// How many files may fail before the exit code is 3: a number or a share such as 5%
    #[arg(
        long,
        value_name = "N|P%",
        default_value = "0",
        env = "MNEMO_MAX_FAILED",
        help_heading = "Output"
    )]
    pub max_failed: String,

    /// What is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How the vectors are indexed.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct VectorIndexArgs {
    /// The method of the vector index, where none stands yet
    #[arg(
        long,
        value_enum,
        value_name = "METHOD",
        default_value_t = VectorIndexArg::Hnsw,
        env = "MNEMO_VECTOR_INDEX",
        help_heading = "Database"
    )]
    pub vector_index: VectorIndexArg,
}

/// A method of the vector index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VectorIndexArg {
    /// That of pgvector
    Hnsw,
    /// That of pgvectorscale
    Diskann,
    /// That of YugabyteDB
    Ybhnsw,
    /// None: searches look at every vector
    None,
}

/// Models and where they run.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Models")]
pub struct ModelArgs {
    /// What is embedded of each chunk
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "text,code",
        env = "MNEMO_ROLES"
    )]
    pub roles: Vec<RoleArg>,

    /// The model for names, signatures and doc comments
    #[arg(long, value_name = "ID", default_value = DEFAULT_MODEL, env = "MNEMO_TEXT_MODEL")]
    pub text_model: String,

    /// The model for source code
    #[arg(long, value_name = "ID", default_value = DEFAULT_MODEL, env = "MNEMO_CODE_MODEL")]
    pub code_model: String,

    /// The folder with one folder per model [default: $MNEMO_HOME/models]
    #[arg(long, value_name = "DIR", env = "MNEMO_MODELS_DIR")]
    pub models_dir: Option<PathBuf>,

    /// Never reach for models over the network: a run takes what `models fetch` brought, with or
    /// without this
    #[arg(long)]
    pub offline: bool,

    /// Where inference runs
    #[arg(long, value_enum, default_value_t = ProviderArg::Cpu, env = "MNEMO_PROVIDER")]
    pub provider: ProviderArg,

    /// How much of a GPU's memory to use (bytes, or with K, M, G) [default: nine tenths of what is
    /// free]
    #[arg(long, value_name = "SIZE", env = "MNEMO_GPU_MEMORY")]
    pub gpu_memory: Option<String>,

    /// The numbers it computes with [default: what the model's manifest says]
    #[arg(long, value_enum, env = "MNEMO_PRECISION")]
    pub precision: Option<PrecisionArg>,

    /// Threads for inference [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), env = "MNEMO_THREADS")]
    pub threads: Option<u16>,
}

/// A server that embeds.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Model server")]
pub struct ServerArgs {
    /// Embed on this server: text-embeddings-inference, or one with OpenAI's /v1/embeddings; for one
    /// role ROLE=URL, twice for two
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        env = "MNEMO_EMBED_URL"
    )]
    pub embed_url: Vec<String>,

    /// The name the server knows the model by [default: its only one]; ROLE=NAME as above
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        requires = "embed_url",
        env = "MNEMO_EMBED_MODEL"
    )]
    pub embed_model: Vec<String>,

    /// The file with the server's key [default: the key in MNEMO_EMBED_KEY]
    #[arg(
        long,
        value_name = "FILE",
        requires = "embed_url",
        env = "MNEMO_EMBED_KEY_FILE"
    )]
    pub embed_key_file: Option<PathBuf>,

    /// Requests under way at once
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256), env = "MNEMO_EMBED_CONCURRENCY")]
    pub embed_concurrency: u16,

    /// Texts of one request at most
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=2048), env = "MNEMO_EMBED_BATCH")]
    pub embed_batch: u16,

    /// Tokens that the model reads, where the server does not say [default: 512]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(64..), env = "MNEMO_EMBED_MAX_TOKENS")]
    pub embed_max_tokens: Option<u32>,
}

/// Memory, and what is kept of it.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Memory")]
pub struct MemoryArgs {
    /// Warn at 80 % of so much memory and stop at it, with exit code 4 (bytes, or with K, M, G)
    /// [default: the control group's or the machine's]
    #[arg(long, value_name = "SIZE", env = "MNEMO_MEMORY_LIMIT")]
    pub memory_limit: Option<String>,

    /// Write resident memory against files done: CSV there, and a plot beside it (.svg)
    #[arg(long, value_name = "FILE")]
    pub memory_profile: Option<PathBuf>,
}

/// The small model that the set-up brings.
pub const DEFAULT_MODEL: &str = "all-minilm-l6-v2";

/// Which files are indexed.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Files")]
pub struct FileArgs {
    /// Bring back files that are left out by default, also what git ignores (git's glob syntax, at any
    /// depth; /GLOB is tied to the root)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,

    /// Leave out what matches (git's glob syntax, as above)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,

    /// Leave out tests
    #[arg(long)]
    pub exclude_tests: bool,

    /// Store and embed also what looks like a token or a private key
    #[arg(long)]
    pub no_mask: bool,

    /// Leave out larger files (bytes, or with K, M, G)
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "2M",
        env = "MNEMO_MAX_FILE_SIZE"
    )]
    pub max_file_size: String,
}

/// What is printed, and how.
#[derive(Debug, Clone, ClapArgs)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// One JSON object per line: each file as it ends, then the summary
    #[arg(long)]
    pub json: bool,

    /// Write a report to this file: a page if it ends in .html, else Markdown
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Print errors only
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print each file as it ends; twice: what the libraries say, too
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Show no progress
    #[arg(long)]
    pub no_progress: bool,

    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorArg::Auto)]
    pub color: ColorArg,
}

/// A role that can be turned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Names, signatures and doc comments
    Text,
    /// Source code
    Code,
}

/// Where inference runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderArg {
    /// The processor
    Cpu,
    /// An NVIDIA GPU
    Cuda,
    /// The processor through OpenVINO, in bf16
    Openvino,
    /// The fastest that the set-up brought and that can run here: CUDA, OpenVINO where the
    /// processor multiplies bf16, the processor alone
    Auto,
}

/// The numbers a model computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// 32-bit floating point
    Fp32,
    /// 8-bit integers: faster and smaller, nearly the same vectors
    Int8,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, and where NO_COLOR is not set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
