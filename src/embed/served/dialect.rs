//! The two languages that model servers speak.
//!
//! text-embeddings-inference: `GET /info`, `POST /embed` (its openapi.json).
//! `OpenAI`'s, which Ollama, vLLM, LM Studio and hosted services speak too:
//! `GET /v1/models`, `POST /v1/embeddings`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::ServerError;
use super::http::Door;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    TextEmbeddingsInference,
    OpenAi,
}

/// What a server says of itself; only the model is sure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Introduction {
    pub model: String,
    pub revision: Option<String>,
    pub dtype: Option<String>,
    pub max_tokens: Option<usize>,
    pub max_batch: Option<usize>,
}

#[derive(Deserialize)]
struct Info {
    model_id: String,
    model_sha: Option<String>,
    model_dtype: Option<String>,
    max_input_length: Option<usize>,
    max_client_batch_size: Option<usize>,
}

impl From<Info> for Introduction {
    fn from(info: Info) -> Self {
        Self {
            model: info.model_id,
            revision: info.model_sha,
            dtype: info.model_dtype,
            max_tokens: info.max_input_length,
            max_batch: info.max_client_batch_size,
        }
    }
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    /// As vLLM says it.
    max_model_len: Option<usize>,
}

impl From<Model> for Introduction {
    fn from(model: Model) -> Self {
        Self {
            model: model.id,
            max_tokens: model.max_model_len,
            ..Self::default()
        }
    }
}

/// Finds out which language a server speaks, and which model it has.
pub(super) fn introduce(
    door: &Door,
    wanted: Option<&str>,
) -> Result<(Dialect, Introduction), ServerError> {
    if let Some(info) = door.look::<Info>("/info")? {
        if let Some(wanted) = wanted.filter(|wanted| *wanted != info.model_id) {
            return Err(ServerError::Model {
                found: info.model_id,
                wanted: wanted.to_owned(),
            });
        }
        return Ok((Dialect::TextEmbeddingsInference, info.into()));
    }
    let models = door.look::<Models>("/v1/models")?;
    let introduction = match (models, wanted) {
        (Some(models), wanted) => chosen(models.data, wanted)?,
        // Some services list no models.
        (None, Some(wanted)) => Introduction {
            model: wanted.to_owned(),
            ..Introduction::default()
        },
        (None, None) => return Err(door.unknown()),
    };
    Ok((Dialect::OpenAi, introduction))
}

fn chosen(models: Vec<Model>, wanted: Option<&str>) -> Result<Introduction, ServerError> {
    let found: Vec<String> = models.iter().map(|model| model.id.clone()).collect();
    let mut fitting = models
        .into_iter()
        .filter(|model| wanted.is_none_or(|wanted| is_called(&model.id, wanted)));
    match (fitting.next(), fitting.next()) {
        (Some(model), None) => Ok(model.into()),
        _ => Err(ServerError::Model {
            found: found.join(", "),
            wanted: wanted.unwrap_or("one alone").to_owned(),
        }),
    }
}

/// Ollama lists `name:latest` and answers to `name`.
fn is_called(id: &str, wanted: &str) -> bool {
    id == wanted || id.strip_suffix(":latest") == Some(wanted)
}

impl Dialect {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::TextEmbeddingsInference => "/embed",
            Self::OpenAi => "/v1/embeddings",
        }
    }

    /// The body of a request. Nothing may be cut off in silence.
    pub(super) fn question(self, model: &str, texts: &[&str]) -> Value {
        match self {
            Self::TextEmbeddingsInference => {
                json!({"inputs": texts, "normalize": true, "truncate": false})
            }
            Self::OpenAi => json!({"model": model, "input": texts, "encoding_format": "float"}),
        }
    }

    /// The vectors in the body of an answer, in the order of the texts.
    pub(super) fn rows(self, answer: &[u8]) -> Result<Vec<Vec<f32>>, String> {
        match self {
            Self::TextEmbeddingsInference => {
                serde_json::from_slice(answer).map_err(|error| error.to_string())
            }
            Self::OpenAi => {
                let answer: Answer =
                    serde_json::from_slice(answer).map_err(|error| error.to_string())?;
                answer.in_order()
            }
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    index: usize,
    embedding: Vec<f32>,
}

impl Answer {
    fn in_order(mut self) -> Result<Vec<Vec<f32>>, String> {
        self.data.sort_by_key(|row| row.index);
        if self
            .data
            .iter()
            .enumerate()
            .any(|(at, row)| at != row.index)
        {
            return Err("vectors that are numbered otherwise than the texts".to_owned());
        }
        Ok(self.data.into_iter().map(|row| row.embedding).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_in_any_order_and_leave_in_that_of_the_texts() {
        let answer =
            br#"{"data": [{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}]}"#;
        let rows = Dialect::OpenAi.rows(answer).unwrap();
        assert_eq!(rows, [[1.0], [2.0]]);
        let twice =
            br#"{"data": [{"index": 0, "embedding": [2]}, {"index": 0, "embedding": [1]}]}"#;
        assert!(Dialect::OpenAi.rows(twice).is_err());
    }

    #[test]
    fn what_is_no_number_is_no_vector() {
        for answer in ["[[1, NaN]]", "[[1, null]]", "[[1, 2", "{}"] {
            let rows = Dialect::TextEmbeddingsInference.rows(answer.as_bytes());
            assert!(rows.is_err(), "{answer}");
        }
    }

    #[test]
    fn one_of_several_models_has_to_be_named() {
        let models = |ids: &[&str]| {
            let model = |id: &&str| Model {
                id: (*id).to_owned(),
                max_model_len: None,
            };
            ids.iter().map(model).collect::<Vec<_>>()
        };
        assert_eq!(chosen(models(&["a"]), None).unwrap().model, "a");
        assert!(chosen(models(&["a", "b"]), None).is_err());
        assert_eq!(
            chosen(models(&["a:latest", "b"]), Some("a")).unwrap().model,
            "a:latest"
        );
        assert!(chosen(models(&["a", "b"]), Some("c")).is_err());
    }
}
