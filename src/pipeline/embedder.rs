//! The embedding threads: each takes a job, runs its texts, and hands on the
//! files that became whole by it.

use crossbeam_channel::{Receiver, Sender};

use crate::embed::{Embedder, Embedding, Tokens};

use super::Run;
use super::clock::Stage;
use super::contained::contained;
use super::flight::{Done, Item};

/// Texts of one role that go to one thread together.
pub(super) type Job = Vec<Item>;

/// Works until there are no more jobs, or nobody waits for the results.
pub(super) fn work(run: &Run, jobs: &Receiver<Job>, to_writer: &Sender<Done>) {
    for mut job in jobs {
        run.pressure.look();
        if run.pressure.is_over() && !run.plan.sequential {
            // What is under way is dropped: its files stay as they were. With
            // one file at a time the reader waits for it, and it is ended.
            return;
        }
        // Like lengths together, so that little is padded.
        job.sort_by_key(|item| item.text.tokens.len());
        let results = run.clock.time(Stage::Embed, || embed(run, &job));
        run.models.embedded(job.len());
        if run.fault.is_set() && !run.plan.sequential {
            // As above: what would fail for everyone's reason stays as it was.
            return;
        }
        for (item, result) in job.iter().zip(results) {
            if let Some(done) = item.flight.land(item, result)
                && to_writer.send(done).is_err()
            {
                return;
            }
        }
    }
}

fn embed(run: &Run, job: &Job) -> Vec<Result<Embedding, String>> {
    let Some(embedder) = &job.first().and_then(|item| run.models.of(item.text.role)) else {
        return job
            .iter()
            .map(|_| Err("no model is loaded".to_owned()))
            .collect();
    };
    let texts: Vec<Tokens> = job.iter().map(|item| item.text.tokens.clone()).collect();
    let single = |text| single(run, embedder, text);
    if run.pressure.is_tight() {
        return texts.iter().map(single).collect();
    }
    match guarded(run, embedder, &texts) {
        Ok(vectors) => vectors.into_iter().map(Ok).collect(),
        // Find the one text that spoils the batch, so that the others live.
        Err(_) if texts.len() > 1 && !run.fault.is_set() => texts.iter().map(single).collect(),
        Err(cause) => texts.iter().map(|_| Err(cause.clone())).collect(),
    }
}

fn single(run: &Run, embedder: &Embedder, text: &Tokens) -> Result<Embedding, String> {
    let mut vectors = guarded(run, embedder, std::slice::from_ref(text))?;
    vectors
        .pop()
        .ok_or_else(|| "the model gave no vector".to_owned())
}

/// The vectors, every value a number. What every other text would meet too ends
/// the run.
fn guarded(run: &Run, embedder: &Embedder, texts: &[Tokens]) -> Result<Vec<Embedding>, String> {
    let vectors = contained(|| embedder.embed(texts))?.map_err(|error| {
        let cause = error.to_string();
        if error.meets_all() {
            run.fault.set(error);
        }
        cause
    })?;
    if vectors
        .iter()
        .flat_map(Embedding::as_slice)
        .all(|value| value.is_finite())
    {
        Ok(vectors)
    } else {
        Err("the model gave a vector that is not finite".to_owned())
    }
}
