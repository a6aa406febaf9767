//! The real model in the real ONNX Runtime.

use std::fs;
use std::thread;

use mnemo_index::chunk::CountTokens;
use mnemo_index::embed::{Embedder, Embedding, Precision, Tokens};

use crate::installed;

fn texts() -> Vec<String> {
    let words = [
        "walk", "the", "folder", "and", "return", "every", "file", "within", "bounds",
    ];
    let sizes = [1, 3, 9, 27, 81, 200, 400, 14, 60, 2];
    sizes
        .map(|count| {
            words
                .into_iter()
                .cycle()
                .take(count)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .to_vec()
}

fn tokens() -> Vec<Tokens> {
    let embedder = installed::embedder();
    texts()
        .iter()
        .map(|text| embedder.tokenizer().encode(text).unwrap())
        .collect()
}

fn largest_difference(a: &[Embedding], b: &[Embedding]) -> f32 {
    assert_eq!(a.len(), b.len());
    let pairs = a
        .iter()
        .zip(b)
        .flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice()));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn vectors_are_those_of_the_reference_and_of_length_one() {
    let config = installed::model();
    let embedder = installed::embedder();
    let reference = config.manifest().unwrap();
    let reference = reference.reference(&config.folder()).unwrap();
    for known in &reference.texts {
        let tokens = embedder.tokenizer().encode(&known.text).unwrap();
        let found = embedder.embed(&[tokens]).unwrap();
        let known = [Embedding::new(known.vector.clone())];
        assert!(largest_difference(&found, &known) < 1e-5);
        let length: f32 = found[0].as_slice().iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
}

#[test]
fn a_text_has_the_same_vector_alone_in_any_order_and_with_others() {
    let embedder = installed::embedder();
    let tokens = tokens();
    let together = embedder.embed(&tokens).unwrap();
    let alone: Vec<_> = tokens
        .iter()
        .flat_map(|text| embedder.embed(std::slice::from_ref(text)).unwrap())
        .collect();
    assert!(largest_difference(&together, &alone) < 1e-5);
    let padded = embedder.embed_batched(&tokens, 4096).unwrap();
    assert!(largest_difference(&padded, &alone) < 1e-5);
}

#[test]
fn many_threads_share_one_session_and_get_identical_vectors() {
    let embedder = installed::embedder();
    let tokens = tokens();
    let expected = embedder.embed(&tokens).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(embedder.embed(&tokens).unwrap(), expected);
                }
            });
        }
    });
}

#[test]
fn memory_can_be_given_back_while_others_embed() {
    let embedder = installed::embedder();
    let tokens = tokens();
    let expected = embedder.embed(&tokens).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| (0..50).for_each(|_| embedder.shrink().unwrap()));
        scope
            .spawn(|| (0..10).for_each(|_| assert_eq!(embedder.embed(&tokens).unwrap(), expected)));
    });
}

#[test]
fn a_long_text_is_cut_to_the_window_and_counted_whole() {
    let embedder = installed::embedder();
    let long = "word ".repeat(1000);
    assert_eq!(embedder.tokenizer().count(&long), 1000);
    assert_eq!(embedder.tokenizer().encode(&long).unwrap().len(), 256);
    assert_eq!(embedder.tokenizer().room(), 254);
}

#[test]
fn a_truncated_model_is_refused_with_both_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = installed::model();
    let here = folder.path().join(config.id.as_str());
    fs::create_dir(&here).unwrap();
    for file in config.manifest().unwrap().files {
        fs::copy(config.folder().join(&file.name), here.join(&file.name)).unwrap();
    }
    config.models = folder.path().to_owned();
    let tokenizer = here.join("tokenizer.json");
    let whole = fs::read(&tokenizer).unwrap();
    installed::open(&config).unwrap();

    let graph = here.join("model.onnx");
    let bytes = fs::read(&graph).unwrap();
    fs::write(&graph, &bytes[..1000]).unwrap();
    let error = installed::open(&config).err().unwrap().to_string();
    assert!(error.contains("has 1000 bytes instead of"), "{error}");

    fs::write(&graph, vec![b'x'; bytes.len()]).unwrap();
    let error = installed::open(&config).err().unwrap().to_string();
    assert!(error.contains("has sha256"), "{error}");

    fs::write(&tokenizer, &whole[..whole.len() / 2]).unwrap();
    let error = installed::open(&config).err().unwrap().to_string();
    assert!(error.contains("tokenizer.json"), "{error}");
}

fn in_eight_bits() -> Embedder {
    let mut config = installed::model();
    config.precision = Some(Precision::Int8);
    installed::open(&config).unwrap()
}

fn cosine(a: &Embedding, b: &Embedding) -> f32 {
    let pairs = a.as_slice().iter().zip(b.as_slice());
    pairs.map(|(a, b)| a * b).sum()
}

#[test]
fn in_eight_bits_a_vector_is_near_the_one_of_fp32() {
    let tokens = tokens();
    let exact = installed::embedder().embed(&tokens).unwrap();
    let near = in_eight_bits().embed(&tokens).unwrap();
    for (exact, near) in exact.iter().zip(&near) {
        assert!(cosine(exact, near) > 0.97, "{}", cosine(exact, near));
    }
    assert!(largest_difference(&exact, &near) > 1e-4, "this is fp32");
}

#[test]
fn in_eight_bits_other_texts_do_not_change_a_vector() {
    let (embedder, tokens) = (in_eight_bits(), tokens());
    let together = embedder.embed_batched(&tokens, 4096).unwrap();
    let alone = tokens
        .iter()
        .flat_map(|text| embedder.embed(std::slice::from_ref(text)).unwrap());
    assert_eq!(together, alone.collect::<Vec<_>>());
}

#[test]
fn a_form_that_a_model_does_not_have_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = installed::model();
    let facts = include_str!("../../models/all-minilm-l6-v2/model.toml");
    let without = facts.split("[int8]").next().unwrap();
    fs::create_dir(folder.path().join(config.id.as_str())).unwrap();
    fs::write(
        folder.path().join(config.id.as_str()).join("model.toml"),
        without,
    )
    .unwrap();
    config.models = folder.path().to_owned();
    config.precision = Some(Precision::Int8);
    let error = config.manifest().unwrap_err().to_string();
    assert_eq!(error, "model \"all-minilm-l6-v2\" has no int8 form");
}
