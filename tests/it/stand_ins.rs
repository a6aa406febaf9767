//! The two large models' architectures with random weights, as scripts/test
//! makes them with two layers: they compute what numpy computes, and a model
//! that is not what its manifest says is refused with the reason.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mnemo_index::embed::{Embedder, ModelConfig, Precision, RecordedFile};
use mnemo_index::names::ModelId;
use tempfile::TempDir;

use crate::installed;

/// The model for texts, and the one for code.
pub const PAIR: [&str; 2] = ["nomic-embed-text-v1.5", "jina-embeddings-v2-base-code"];

/// Where scripts/test puts them.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/stand-ins");
    assert!(
        folder.join(PAIR[1]).exists(),
        "run scripts/stand-ins target/stand-ins --layers 2 first, as scripts/test does"
    );
    folder
}

fn config(id: &str, models: &Path) -> ModelConfig {
    ModelConfig {
        id: ModelId::new(id).unwrap(),
        models: models.to_owned(),
        ..installed::model()
    }
}

/// The program's vectors of the texts whose vectors numpy computed, and those.
fn both(embedder: &Embedder, config: &ModelConfig) -> Vec<(Vec<f32>, Vec<f32>)> {
    let reference = config.manifest().unwrap().reference(&config.folder());
    let texts = reference.unwrap().texts;
    let tokens: Vec<_> = texts
        .iter()
        .map(|known| embedder.tokenizer().encode(&known.text).unwrap())
        .collect();
    // All in one run, so that the shorter ones are padded.
    let found = embedder.embed_batched(&tokens, 4096).unwrap();
    let pairs = found.iter().zip(texts);
    pairs
        .map(|(found, known)| (found.as_slice().to_vec(), known.vector))
        .collect()
}

#[test]
fn both_architectures_compute_what_numpy_computes() {
    for id in PAIR {
        let config = config(id, &folder());
        let embedder = installed::open(&config).unwrap();
        for (found, known) in both(&embedder, &config) {
            assert_eq!(found.len(), 768);
            let differences = found.iter().zip(&known).map(|(a, b)| (a - b).abs());
            let largest = differences.fold(0.0, f32::max);
            assert!(largest <= 1e-4, "{id}: {largest}");
        }
    }
}

#[test]
fn in_eight_bits_both_are_near_and_not_the_same() {
    for id in PAIR {
        let mut config = config(id, &folder());
        config.precision = Some(Precision::Int8);
        let embedder = installed::open(&config).unwrap();
        for (found, known) in both(&embedder, &config) {
            let cosine: f32 = found.iter().zip(&known).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.97 && cosine < 0.999_999, "{id}: {cosine}");
        }
    }
}

/// The stand-in of the text model, with links to its files and a manifest in
/// which `old` became `new`.
fn changed(old: &str, new: &str) -> (TempDir, ModelConfig) {
    let models = tempfile::tempdir().unwrap();
    let (from, to) = (folder().join(PAIR[0]), models.path().join(PAIR[0]));
    fs::create_dir(&to).unwrap();
    for file in ["model.onnx", "model.onnx.data", "reference.json"] {
        symlink(from.join(file), to.join(file)).unwrap();
    }
    fs::copy(from.join("tokenizer.json"), to.join("tokenizer.json")).unwrap();
    let manifest = fs::read_to_string(from.join("model.toml")).unwrap();
    assert!(manifest.contains(old), "{manifest}");
    fs::write(to.join("model.toml"), manifest.replace(old, new)).unwrap();
    let config = config(PAIR[0], models.path());
    (models, config)
}

fn refused(old: &str, new: &str) -> String {
    let (_models, config) = changed(old, new);
    let error = installed::open(&config).err();
    error.expect("it was taken").to_string()
}

#[test]
fn another_width_than_the_manifests_is_refused() {
    let why = refused("dimensions = 768", "dimensions = 384");
    assert!(why.contains("its vectors are 768 wide, not 384"), "{why}");
}

#[test]
fn an_input_or_output_that_the_graph_lacks_is_refused() {
    let why = refused("inputs = [", "inputs = [\"position_ids\", ");
    assert!(why.contains("it has no input \"position_ids\""), "{why}");
    let why = refused("\"last_hidden_state\"", "\"sentence_embedding\"");
    assert!(
        why.contains("it has no output \"sentence_embedding\", only last_hidden_state"),
        "{why}"
    );
}

#[test]
fn another_pooling_than_the_manifests_is_refused() {
    let why = refused("pooled_in_graph = false", "pooled_in_graph = true");
    assert!(
        why.contains("it gives a vector for each token, not for each text"),
        "{why}"
    );
    let why = refused("pooling = \"mean\"", "pooling = \"cls\"");
    assert!(why.contains("gives wrong vectors here"), "{why}");
}

#[test]
fn a_tokenizer_with_more_words_than_the_graph_has_vectors_is_refused() {
    let (models, config) = changed("id = ", "id = ");
    let folder = models.path().join(PAIR[0]);
    let (tokenizer, facts) = (folder.join("tokenizer.json"), folder.join("model.toml"));
    let before = RecordedFile::of(&tokenizer).unwrap();
    let mut words: serde_json::Value =
        serde_json::from_slice(&fs::read(&tokenizer).unwrap()).unwrap();
    for word in 0..10 {
        words["model"]["vocab"][format!("newword{word}")] = (30_522 + word).into();
    }
    fs::write(&tokenizer, words.to_string()).unwrap();
    let after = RecordedFile::of(&tokenizer).unwrap();
    let text = fs::read_to_string(&facts).unwrap();
    let text = text.replace(&before.sha256, &after.sha256).replace(
        &format!("size = {}", before.size),
        &format!("size = {}", after.size),
    );
    fs::write(&facts, text).unwrap();
    let why = installed::open(&config).err().unwrap().to_string();
    assert!(why.contains("tokenizer has 30532 tokens"), "{why}");
}
