//! What is searched for, where, and with which models.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;

use super::home::Home;
use super::models::model_config;
use super::servers::{Servers, servers};
use super::{Database, color, database, repository_name};
use crate::bundle::Library;
use crate::cli::{ModeArg, SearchArgs};
use crate::embed::{ModelConfig, Precision, Provider};
use crate::error::{Advise, advised};
use crate::exit::Exit;
use crate::language::{self, ChunkKind};
use crate::search::{Filter, Weights, to_regex};
use crate::source::Digest;
use crate::store::{Role, StoredModel};
use crate::terminal::Color;

/// How much each ranking counts unless something else is said: by
/// `scripts/eval/search`, on the half of its queries that is for this.
const DEFAULT_WEIGHTS: Weights = Weights {
    text: 1.0,
    code: 2.0,
    lexical: 1.5,
};

/// How long a model server that goes away is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Searching an index.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the user's"
)]
pub struct SearchPlan {
    /// The index.
    pub database: Database,
    /// What is looked for.
    pub queries: Queries,
    /// Which chunks are looked at.
    pub filter: Filter,
    /// How many hits are shown of each answer.
    pub limit: usize,
    /// How much each ranking counts.
    pub weights: Weights,
    /// Whether tests rank like everything else.
    pub tests: bool,
    /// Whether the order stays as the rankings have it.
    pub plain: bool,
    /// Where the models of the index are looked for.
    pub models: ModelSource,
    /// JSON instead of text.
    pub json: bool,
    /// Colours in the text.
    pub color: bool,
}

/// What is looked for.
pub enum Queries {
    /// One query.
    One(String),
    /// Each line of standard input.
    Lines,
    /// What is like the chunk at a line, from 1, of a file.
    Similar(String, u32),
}

/// Where the models of an index are looked for.
pub struct ModelSource {
    folder: PathBuf,
    library: Library,
    servers: Option<Servers>,
}

pub(super) fn search_plan(args: SearchArgs, home: &Home) -> anyhow::Result<SearchPlan> {
    let weights = weights(&args.weights)?;
    Ok(SearchPlan {
        queries: queries(&args.query, args.mode)?,
        filter: filter(&args)?,
        limit: args.limit.into(),
        weights: match args.mode {
            ModeArg::Hybrid => weights,
            ModeArg::Semantic | ModeArg::Similar => Weights {
                lexical: 0.0,
                ..weights
            },
            ModeArg::Lexical => Weights {
                text: 0.0,
                code: 0.0,
                ..weights
            },
        },
        tests: args.tests,
        plain: args.plain,
        models: ModelSource {
            folder: home.models(args.models_dir.as_deref())?,
            library: home.library(Provider::Cpu),
            servers: servers(&args.server, PATIENCE)?,
        },
        json: args.json,
        color: match color(args.color) {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stdout().is_terminal(),
        },
        database: database(args.database, home)?,
    })
}

fn queries(query: &str, mode: ModeArg) -> anyhow::Result<Queries> {
    if query.trim().is_empty() {
        return Err(anyhow!("the query is empty"))
            .exit(Exit::Usage, "say what to look for, in quotes");
    }
    if mode == ModeArg::Similar {
        return place(query).ok_or_else(|| anyhow!("{query:?} is no FILE:LINE")).exit(
            Exit::Usage,
            "name a file as the index has it, relative to the repository's root, and a line: src/cart.ts:17",
        );
    }
    Ok(match query {
        "-" => Queries::Lines,
        query => Queries::One(query.to_owned()),
    })
}

fn place(query: &str) -> Option<Queries> {
    let (path, line) = query.rsplit_once(':')?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let line = line.parse().ok().filter(|line| *line > 0)?;
    (!path.is_empty()).then(|| Queries::Similar(path.to_owned(), line))
}

fn filter(args: &SearchArgs) -> anyhow::Result<Filter> {
    // One language may have two grammars.
    let mut languages: Vec<_> = language::ALL.iter().map(|known| known.name()).collect();
    languages.dedup();
    if let Some(language) = &args.language {
        one_of(language, "language", &languages)?;
    }
    let kinds = ChunkKind::ALL.map(ChunkKind::as_str);
    for kind in &args.kind {
        one_of(kind, "kind", &kinds)?;
    }
    let repository = args.repository.as_deref().map(repository_name);
    Ok(Filter {
        repository: repository.transpose()?,
        language: args.language.clone(),
        kinds: (!args.kind.is_empty()).then(|| args.kind.clone()),
        path: args.path.as_deref().map(to_regex),
    })
}

fn one_of(value: &str, what: &str, known: &[&str]) -> anyhow::Result<()> {
    if known.contains(&value) {
        return Ok(());
    }
    Err(anyhow!("there is no {what} {value}")).exit(
        Exit::Usage,
        format!("those that are indexed: {}", known.join(", ")),
    )
}

fn weights(given: &[String]) -> anyhow::Result<Weights> {
    let mut weights = DEFAULT_WEIGHTS;
    for text in given {
        weigh(&mut weights, text)
            .ok_or_else(|| anyhow!("{text:?} is no weight"))
            .exit(
                Exit::Usage,
                "the rankings are text, code and lexical: --weights text=1,code=0.5",
            )?;
    }
    Ok(weights)
}

/// Takes what is said of one ranking.
fn weigh(weights: &mut Weights, text: &str) -> Option<()> {
    let (ranking, value) = text.split_once('=')?;
    let weight = value.parse().ok();
    let weight = weight.filter(|weight| (0.0..=1e6).contains(weight))?;
    match ranking {
        "text" => weights.text = weight,
        "code" => weights.code = weight,
        "lexical" => weights.lexical = weight,
        _ => return None,
    }
    Some(())
}

impl ModelSource {
    /// The model that made the vectors of `role`, so that a query meets them in
    /// one space.
    ///
    /// # Errors
    /// Another model than the index's, or one that is not known here, with
    /// advice.
    pub fn find(&self, role: Role, stored: &StoredModel) -> anyhow::Result<ModelConfig> {
        let config = match &self.servers {
            Some(servers) => servers.met(role, &self.folder)?,
            None => self.installed(role, stored)?,
        };
        if is_model(&config, stored) {
            return Ok(config);
        }
        let served = config.identity().unwrap_or_default();
        Err(advised(
            anyhow!(
                "the {role} vectors of the index were made by {stored}, not by what the server runs ({served})"
            ),
            Exit::Failure,
            "ask the server that the index was made with, leave out --embed-url for a model that runs here, or search \
             with --mode lexical",
        ))
    }

    /// The form of the model, as its manifest has it or another, that the index
    /// was made with.
    fn installed(&self, role: Role, stored: &StoredModel) -> anyhow::Result<ModelConfig> {
        let forms = [None, Some(Precision::Fp32), Some(Precision::Int8)];
        let place = || (self.folder.as_path(), self.library.clone());
        let configs = forms.into_iter().filter_map(|precision| {
            model_config(&stored.id, place(), (Provider::Cpu, precision)).ok()
        });
        configs
            .into_iter()
            .find(|config| is_model(config, stored))
            .ok_or_else(|| {
                advised(
                    anyhow!("the {role} vectors of the index were made by {stored}, which is not a model that runs here"),
                    Exit::Failure,
                    "name its folder with --models-dir, the server that runs it with --embed-url, or search with --mode \
                     lexical",
                )
            })
    }
}

fn is_model(config: &ModelConfig, stored: &StoredModel) -> bool {
    let digest = config
        .identity()
        .map(|identity| Digest::of(identity.as_bytes()).to_string());
    digest.is_ok_and(|digest| digest == stored.digest) && config.id.as_str() == stored.id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_that_is_not_given_stays() {
        let weights = weights(&["text=0".to_owned(), "lexical=2.5".to_owned()]).unwrap();
        assert_eq!((weights.text, weights.lexical), (0.0, 2.5));
        assert!((weights.code - DEFAULT_WEIGHTS.code).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        for text in ["text", "text=-1", "text=NaN", "words=1", "text=x"] {
            assert!(super::weights(&[text.to_owned()]).is_err(), "{text}");
        }
    }

    #[test]
    fn a_place_is_a_file_and_a_line() {
        assert!(
            matches!(place("./src/a.ts:12"), Some(Queries::Similar(path, 12)) if path == "src/a.ts")
        );
        for text in ["src/a.ts", "src/a.ts:", "src/a.ts:0", ":3"] {
            assert!(place(text).is_none(), "{text}");
        }
    }
}
