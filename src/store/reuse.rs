//! Vectors that are there already: a text that the same model embedded before,
//! in whatever file, run or repository, is not embedded again. There is nothing
//! to clean up, since a vector goes with its last chunk.

use std::collections::HashMap;

use pgvector::Vector;
use postgres::Row;
use uuid::Uuid;

use super::error::StoreError;
use super::models::{Models, Role};
use super::{Shape, Store};
use crate::chunk::Chunk;
use crate::embed::Embedding;

/// One of the chunks of each text is enough: some texts stand in thousands. Citus
/// knows no way to stop at the first, so there all are looked at.
fn question(role: Role, shape: Shape) -> String {
    let (key, vector) = (role.key_column(), role.column());
    if shape.of_many_machines {
        return format!(
            "SELECT DISTINCT ON ({key}) {key}, {vector} FROM code_chunks
             WHERE {key} = ANY ($1) AND {vector} IS NOT NULL"
        );
    }
    format!(
        "SELECT wanted, (SELECT {vector} FROM code_chunks WHERE {key} = wanted AND {vector} IS NOT NULL LIMIT 1)
         FROM unnest($1::uuid[]) AS text (wanted)"
    )
}

impl Store {
    /// The vectors of `texts` as far as they are there, in their order.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub(super) fn vectors(
        &mut self,
        role: Role,
        texts: &[&str],
    ) -> Result<Vec<Option<Embedding>>, StoreError> {
        let keys: Option<Vec<Uuid>> = texts
            .iter()
            .map(|text| key(&self.models, role, text))
            .collect();
        let Some(keys) = keys else {
            return Ok(vec![None; texts.len()]);
        };
        let rows = self.persist(|store| {
            store
                .client
                .query(&question(role, store.shape), &[&keys])
                .map_err(StoreError::sql("look for vectors that are there"))
        })?;
        let found: HashMap<Uuid, Embedding> = rows.iter().filter_map(embedding).collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}

fn embedding(row: &Row) -> Option<(Uuid, Embedding)> {
    let vector: Vector = row.get::<_, Option<_>>(1)?;
    Some((row.get(0), Embedding::new(vector.to_vec())))
}

/// What the vectors of chunks were made from.
#[derive(Debug)]
pub(super) struct KeyRows {
    pub texts: Vec<Option<Uuid>>,
    pub codes: Vec<Option<Uuid>>,
}

impl KeyRows {
    pub fn of(models: &Models, chunks: &[Chunk]) -> Self {
        let (texts, codes) = chunks
            .iter()
            .map(|chunk| {
                (
                    key(models, Role::Text, &chunk.text_input),
                    key(models, Role::Code, &chunk.code_input),
                )
            })
            .unzip();
        Self { texts, codes }
    }
}

/// What a vector was made from; none if the role is turned off.
fn key(models: &Models, role: Role, text: &str) -> Option<Uuid> {
    let model = models.of(role)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(model.digest.as_bytes());
    // A digest has no NUL, so that model and text cannot run into each other.
    hasher.update(b"\0");
    hasher.update(text.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Some(Uuid::from_bytes(key))
}
