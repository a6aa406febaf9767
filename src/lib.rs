//! # The architecture of mnemo-index
//!
//! A code base goes in, an index in PostgreSQL comes out. `ls src` tells the
//! story: files are *walked*, *read*, *chunked* by *language*, *embedded*,
//! *stored* and *reported*.
//!
//! ## The way of a file
//!
//! ```text
//! argv ─ cli::Args ─▶ plan::IndexPlan
//!                        │
//!                      walk ──▶ SourceFile ── read ──▶ Source ── known? ──▶ Unchanged
//!                        │                               │
//!                        │                            Chunker ──▶ ChunkedFile
//!                        │                                            │ one text at a time
//!                        │                                        Embedder ──▶ Embedding
//!                        │                                            │
//!                        │                                      EmbeddedFile (only whole)
//!                        │                                            │
//!                        ▼                                      Store::commit ──▶ Committed
//!                     Skipped                                         │
//!                        └────────────────▶ FileOutcome ◀─────────────┘
//!                                               │
//!                                            Summary ──▶ Exit
//! ```
//!
//! The type at each door contains the one before it, so nothing half-done can
//! be passed on: an [`embed::EmbeddedFile`] exists only when every chunk has its
//! vectors, and [`store::Store::commit`] writes it in one transaction. Whatever
//! happens to a path, it ends in one [`outcome::FileOutcome`].
//!
//! ## The way of a question
//!
//! ```text
//! search ─▶ plan::SearchPlan ─▶ Embedder, the index's own model ─▶ Store: three rankings, joined ─▶ search::rank ─▶ report
//! show, callers, callees ─▶ plan::AskPlan ─▶ Store: the definition, then its calls step by step ─▶ commands::ask
//! graph, report ─▶ one snapshot from the Store ─▶ picture, report
//! ```
//!
//! What is asked changes nothing, and holds no lock that a run waits for.
//!
//! ## The rooms
//!
//! | room | what it does | the only user of |
//! |---|---|---|
//! | [`cli`] | what was typed | clap, `clap_complete`, `clap_mangen` |
//! | [`plan`] | checks it, reads the environment, hands out ready parts | `std::env` |
//! | [`commands`] | what each command does, from a plan to an exit code | |
//! | [`pipeline`] | joins the stages, starts the threads | `thread::scope`, crossbeam |
//! | [`bundle`] | what a packaged program carries inside, unpacked once | zstd |
//! | [`walk`] | directory → [`source::SourceFile`], or why not | ignore |
//! | [`read`] | bytes → [`source::Source`], secrets masked | regex (with language) |
//! | [`language`] | facts about each language: grammar, queries, rules | tree-sitter (with chunk) |
//! | [`chunk`] | [`source::Source`] → [`chunk::ChunkedFile`] | |
//! | [`symbols`] | what a file says to the others: names, types, imports, calls | postcard, zstd (with bundle) |
//! | [`embed`] | texts → [`embed::Embedding`]s: models here or a server elsewhere | ort, tokenizers, ureq (with hub) |
//! | [`hub`] | brings the files of models: from the hub, a mirror, a folder | `hf_hub`, ureq |
//! | [`graph`] | [`chunk::ChunkedFile`] → nodes and edges, all [`symbols`] → what ties files, without SQL | `oxc_resolver`, `string_interner` |
//! | [`search`] | words, globs, and the order of what was found, without SQL | |
//! | [`store`] | everything in PostgreSQL, and the private server | postgres, pgvector, refinery, rustls, strsim |
//! | [`picture`] | the graph as a page, or for other programs | flate2, base64 (with report) |
//! | [`report`] | text or NDJSON on standard output, a run as Markdown or a page | |
//! | [`terminal`] | standard error: progress, warnings, errors | indicatif |
//! | [`signal`] | SIGINT and SIGTERM | signal-hook |
//!
//! [`names`], [`identifiers`], [`source`], [`shard`], [`outcome`], [`error`],
//! [`exit`], [`lock`], [`memory`] and [`heap`] belong to nobody and may be used
//! by all.
//!
//! ## Who may know whom
//!
//! `main → commands → plan, pipeline → stages`. A stage never calls a stage; it
//! may know the types at its doors. `tests/house.rs` holds the table and fails
//! when a wall falls; `clippy.toml` holds what clippy can.
//!
//! ## Promises
//!
//! * **Memory does not grow with the number of files.** Every step is bounded by
//!   construction: bytes per file ([`read`]), nodes, definitions and time per
//!   parse ([`chunk`]), tokens per text and texts per run ([`embed`]), items per
//!   channel and bytes of source under way ([`pipeline`]). One step needs all
//!   files: what ties them is found at the end, when the models are unloaded, from
//!   their [`symbols`], packed and unpacked as they are asked for ([`graph`]), and
//!   from no source or vector; it takes 14 kilobytes for each file. A run that comes near its limit says so and stops
//!   by itself; `docs/memory.md` tells the story.
//! * **Readers see whole files, and whole graphs.** One transaction replaces a
//!   file's chunks, vectors, nodes and its entry in `indexed_files`; one brings
//!   all edges between files up to date. What was not reached keeps its last
//!   good state.
//! * **A fault that may pass is met with patience** ([`store`], `again.rs`): the
//!   connection is opened anew and the file in hand done from its beginning. One
//!   that will not, or stays too long, ends the run once.
//! * **Unchanged means unchanged.** A file is left alone only if its digest and
//!   the recipe (chunker, queries, size policy, roles, models) are the same.
//! * **Secrets that tell by their form what they are** stand in no row and go
//!   through no model ([`read`], `secrets.rs`); a password is in no message.
//! * **Nothing is silent.** A provider that was named runs or the run fails; a
//!   file that is left out is reported with its reason; the exit code tells.
//!
//! ## Why it is like this
//!
//! * *One ONNX Runtime session for all threads, one text a run*: on a CPU large
//!   batches are slower, and a session for each thread holds the weights as
//!   often. The one unsafe call this takes is argued in `embed/onnx.rs`; the
//!   others of this program are those to glibc's allocator, in `heap.rs`.
//! * *Three connections*: what stands in the index is asked while files are
//!   written, and the third holds the repository's lock, so that there is one
//!   run at a time whatever becomes of the others.
//! * *Vectors are looked up where they stand*, by a key of model and text, and
//!   not in a cache beside the index: there is nothing to bound or to clean up,
//!   since a vector goes with its last chunk.
//! * *What stands is told in the order of the walk*, so that one pass, with no
//!   list of files in memory, finds both what is unchanged and what has gone.
//! * *A walk ahead counts the files*, so that the time that is left can be told,
//!   and nothing has to be kept to know it.
//! * *The graph is resolved whole, and only the difference is written*: a change
//!   may reach any file through a barrel or a base, resolving all of them takes
//!   a second or two, and so it always equals a clean index.
//! * *A private PostgreSQL*, not an embedded look-alike: the readers speak SQL
//!   and pgvector to it. [`store::embedded`] tells how it lives and dies.

#![allow(
    rustdoc::private_intra_doc_links,
    reason = "these pages are read by those who change the code"
)]

pub mod bundle;
pub mod chunk;
pub mod cli;
pub mod commands;
pub mod embed;
pub mod error;
pub mod exit;
pub mod graph;
pub mod heap;
pub mod hub;
pub mod identifiers;
pub mod language;
pub mod lock;
pub mod memory;
pub mod names;
pub mod outcome;
pub mod picture;
pub mod pipeline;
pub mod plan;
pub mod read;
pub mod report;
pub mod search;
pub mod shard;
pub mod signal;
pub mod source;
pub mod store;
pub mod symbols;
pub mod terminal;
pub mod walk;
