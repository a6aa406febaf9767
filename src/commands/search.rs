//! `search`: what the index has to a query.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow};
use uuid::Uuid;

use crate::embed::{EmbedError, Embedder, Manifest, ModelConfig};
use crate::error::{self, Advise, AdviseItself, KnowsAdvice};
use crate::exit::Exit;
use crate::plan::{Queries, SearchPlan, tokenizer};
use crate::report::{Answer, AnswerForm};
use crate::search::{self, Question, Ranking};
use crate::store::embedded::Cluster;
use crate::store::{Archive, Example, Role};

/// Chunks that are looked at more closely for each hit that is wanted, and at
/// least.
const CLOSER: (usize, usize) = (3, 50);

pub(super) fn search(plan: &SearchPlan) -> anyhow::Result<Exit> {
    let (cluster, mut archive) = super::archive(&plan.database)?;
    let searched = archive.chosen(plan.filter.repository.as_ref()).advise()?;
    archive.prepare_search().advise()?;
    let form = AnswerForm {
        json: plan.json,
        color: plan.color,
        repository: searched.len() > 1,
    };
    Search {
        plan,
        models: None,
        archive,
        form,
    }
    .all()?;
    cluster.map(Cluster::release).transpose().advise()?;
    Ok(Exit::Success)
}

struct Search<'a> {
    plan: &'a SearchPlan,
    archive: Archive,
    /// Loaded when the first query needs them.
    models: Option<Models>,
    form: AnswerForm,
}

impl Search<'_> {
    fn all(mut self) -> anyhow::Result<()> {
        let plan = self.plan;
        match &plan.queries {
            Queries::One(query) => self.answer(1, query),
            Queries::Similar(path, line) => self.similar(path, *line),
            Queries::Lines => {
                for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
                    self.answer(number, &line.context("cannot read the queries")?)?;
                }
                Ok(())
            }
        }
    }

    fn answer(&mut self, number: u64, query: &str) -> anyhow::Result<()> {
        let start = Instant::now();
        let words = search::words(query);
        let near = self.vectors(query)?;
        let asked = Asked {
            number,
            query,
            words: if self.plan.weights.lexical > 0.0 {
                &words
            } else {
                ""
            },
            near: [near[0].as_deref(), near[1].as_deref()],
            except: None,
        };
        self.tell(&asked, start)
    }

    fn similar(&mut self, path: &str, line: u32) -> anyhow::Result<()> {
        let start = Instant::now();
        let filter = &self.plan.filter;
        let examples = self
            .archive
            .examples(filter.repository.as_ref(), (path, line));
        let example = the_one(examples.advise()?, path)?;
        let asked = Asked {
            number: 1,
            query: "",
            words: "",
            near: [example.text.as_deref(), example.code.as_deref()],
            except: Some(example.id),
        };
        self.tell(&asked, start)
    }

    fn tell(&mut self, asked: &Asked, start: Instant) -> anyhow::Result<()> {
        let plan = self.plan;
        let found = self.archive.search(&Question {
            words: asked.words,
            text: asked.near[0],
            code: asked.near[1],
            weights: plan.weights,
            filter: &plan.filter,
            except: asked.except,
            count: (plan.limit * CLOSER.0).max(CLOSER.1),
        });
        let ranking = Ranking {
            query: asked.query,
            tests: plan.tests,
            plain: plan.plain,
            limit: plan.limit,
        };
        let hits = search::rank(found.advise()?, ranking);
        let answer = Answer {
            number: asked.number,
            query: asked.query,
            hits: &hits,
            elapsed: start.elapsed(),
        };
        self.form.tell(&answer);
        Ok(())
    }

    /// The query's vectors in both roles; one if one model has both.
    fn vectors(&mut self, query: &str) -> anyhow::Result<[Option<Vec<f32>>; 2]> {
        let weights = self.plan.weights;
        if query.trim().is_empty() || weights.text + weights.code <= 0.0 {
            return Ok([None, None]);
        }
        let models = match &mut self.models {
            Some(models) => models,
            none => none.insert(Models::open(self.plan, &mut self.archive)?),
        };
        models.vectors(query)
    }
}

/// What is asked once.
struct Asked<'a> {
    number: u64,
    query: &'a str,
    words: &'a str,
    /// In the TEXT and in the CODE role.
    near: [Option<&'a [f32]>; 2],
    except: Option<Uuid>,
}

fn the_one(mut examples: Vec<Example>, path: &str) -> anyhow::Result<Example> {
    if examples.len() > 1 {
        let names: Vec<_> = examples
            .iter()
            .map(|example| &*example.repository)
            .collect();
        return Err(anyhow!("several repositories have {path}")).exit(
            Exit::Usage,
            format!("name one with --repository: {}", names.join(", ")),
        );
    }
    examples.pop().ok_or_else(|| {
        error::advised(
            anyhow!("the index has no chunk of {path}"),
            Exit::NotFound,
            "paths are relative to the repository's root, with /",
        )
    })
}

/// The models of the roles that count.
struct Models {
    text: Option<Arc<Model>>,
    code: Option<Arc<Model>>,
}

struct Model {
    manifest: Manifest,
    embedder: Embedder,
}

impl Models {
    fn open(plan: &SearchPlan, archive: &mut Archive) -> anyhow::Result<Self> {
        let mut stored = |role, weight: f64| {
            let stored = (weight > 0.0).then(|| archive.model_of(role).advise());
            stored.transpose().map(Option::flatten)
        };
        let text_stored = stored(Role::Text, plan.weights.text)?;
        let code_stored = stored(Role::Code, plan.weights.code)?;
        let open = |role, stored| Model::open(&plan.models.find(role, stored)?).map(Arc::new);
        let text = text_stored.as_ref().map(|stored| open(Role::Text, stored));
        let text = text.transpose()?;
        let code = match &code_stored {
            // One model for both roles is loaded once.
            Some(_) if code_stored == text_stored => text.clone(),
            Some(stored) => Some(open(Role::Code, stored)?),
            None => None,
        };
        Ok(Self { text, code })
    }

    fn vectors(&self, query: &str) -> anyhow::Result<[Option<Vec<f32>>; 2]> {
        let of = |model: &Arc<Model>| model.vector(query);
        let text = self.text.as_ref().map(of).transpose()?;
        let code = match (&self.text, &self.code) {
            (Some(text_model), Some(code)) if Arc::ptr_eq(text_model, code) => text.clone(),
            (_, code) => code.as_ref().map(of).transpose()?,
        };
        Ok([text, code])
    }
}

impl Model {
    fn open(config: &ModelConfig) -> anyhow::Result<Self> {
        let manifest = config.manifest()?;
        let tokenizer = Arc::new(tokenizer(config)?);
        let embedder = advised(Embedder::load(config, tokenizer))?;
        Ok(Self { manifest, embedder })
    }

    fn vector(&self, query: &str) -> anyhow::Result<Vec<f32>> {
        let vector = advised(self.embedder.embed_query(query, &self.manifest))?;
        Ok(vector.as_slice().to_vec())
    }
}

/// With what can be done about it, which always leaves one way.
fn advised<T>(result: Result<T, EmbedError>) -> anyhow::Result<T> {
    result.or_else(|error| {
        let advice = error.advice().unwrap_or_default();
        Err(error).hint(format!("{advice}, or search with --mode lexical"))
    })
}
