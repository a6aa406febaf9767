//! Embeds texts as the main job does, and nothing else: what `scripts/bench
//! embed` measures.
//!
//! usage: embed HOME MODEL cpu|cuda|openvino fp32|int8 ROUNDS TEXTS.json VECTORS
//!
//! MODEL is the folder of a model. Prints one JSON object: seconds of each round, tokens, threads. VECTORS
//! takes the vectors as 32-bit floats.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for measurements of its own"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, bail};
use mnemo_index::embed::{Embedder, Embedding, ModelConfig, Precision, Provider, Runtime, Tokens};
use mnemo_index::names::ModelId;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, model, provider, precision, rounds, texts, vectors] = &arguments[..] else {
        bail!("usage: embed HOME MODEL cpu|cuda|openvino fp32|int8 ROUNDS TEXTS.json VECTORS");
    };
    let embedder = open([home, model].map(Path::new), [provider, precision])?;
    let texts: Vec<String> = serde_json::from_str(&fs::read_to_string(texts)?)?;
    let threads = thread::available_parallelism()?.get();
    let mut seconds = Vec::new();
    let mut found = Vec::new();
    for _ in 0..rounds.parse()? {
        let began = Instant::now();
        found = round(&embedder, &texts, threads)?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    let bytes = found.iter().flat_map(|(_, vector)| vector.as_slice());
    fs::write(
        vectors,
        bytes
            .flat_map(|value| value.to_le_bytes())
            .collect::<Vec<_>>(),
    )?;
    let tokens: usize = found.iter().map(|(tokens, _)| tokens).sum();
    println!(
        "{}",
        serde_json::json!({"seconds": seconds, "tokens": tokens, "threads": threads})
    );
    Ok(())
}

fn open([home, model]: [&Path; 2], [provider, precision]: [&str; 2]) -> anyhow::Result<Embedder> {
    let name = model.file_name().and_then(|name| name.to_str());
    let (provider, library) = match provider {
        "cpu" => (Provider::Cpu, "onnxruntime-1.32.0/libonnxruntime.so.1.32.0"),
        "cuda" => (
            Provider::Cuda { memory: None },
            "onnxruntime-gpu-1.31.1/libonnxruntime.so.1.31.1",
        ),
        "openvino" => (
            Provider::OpenVino {
                threads: thread::available_parallelism()?.get(),
            },
            "onnxruntime-openvino-1.24.1/libonnxruntime.so.1.24.1",
        ),
        other => bail!("{other} is no provider"),
    };
    let config = ModelConfig {
        id: ModelId::new(name.context("a model's folder")?)?,
        models: model.parent().context("a folder of models")?.to_owned(),
        library: home.join("runtime").join(library).into(),
        provider,
        precision: Some(match precision {
            "int8" => Precision::Int8,
            _ => Precision::Fp32,
        }),
        server: None,
    };
    let tokenizer = Arc::new(config.tokenizer()?);
    Ok(Embedder::open(
        Runtime::load(&config.library)?,
        &config,
        tokenizer,
    )?)
}

/// Tokens and vector of each text, in their order; tokenizing is in the time.
fn round(
    embedder: &Embedder,
    texts: &[String],
    threads: usize,
) -> anyhow::Result<Vec<(usize, Embedding)>> {
    let mut tokens: Vec<(usize, Tokens)> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        tokens.push((index, embedder.tokenizer().encode(text)?));
    }
    tokens.sort_by_key(|(_, tokens)| tokens.len());
    // Provider::texts_per_job of them go to a thread together.
    let jobs: Vec<&[(usize, Tokens)]> = tokens.chunks(embedder.texts_per_job()).collect();
    let next = AtomicUsize::new(0);
    let work = || -> anyhow::Result<Vec<(usize, usize, Embedding)>> {
        let mut done = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let texts: Vec<Tokens> = job.iter().map(|(_, tokens)| tokens.clone()).collect();
            let vectors = embedder.embed(&texts)?;
            let places = job.iter().map(|(index, tokens)| (*index, tokens.len()));
            done.extend(
                places
                    .zip(vectors)
                    .map(|((index, length), vector)| (index, length, vector)),
            );
        }
        Ok(done)
    };
    let mut found = thread::scope(|scope| -> anyhow::Result<Vec<_>> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut found = Vec::new();
        for worker in workers {
            let part = worker
                .join()
                .map_err(|_| anyhow::anyhow!("inference panicked"))?;
            found.extend(part?);
        }
        Ok(found)
    })?;
    found.sort_by_key(|(index, ..)| *index);
    Ok(found
        .into_iter()
        .map(|(_, length, vector)| (length, vector))
        .collect())
}
