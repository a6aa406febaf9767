//! One file, one transaction: what stood there goes, what was made now stands.

use std::collections::BTreeMap;
use std::ops::Range;

use postgres::types::ToSql;
use postgres::{Client, Statement, Transaction};
use uuid::Uuid;

use super::error::StoreError;
use super::models::Models;
use super::reuse::KeyRows;
use super::rows::{self, ChunkRows, DetailRows, EdgeRows, NodeRows, WordRows, storable};
use super::{Shape, Store};
use crate::embed::EmbeddedFile;
use crate::graph::ids::FileIds;
use crate::graph::{Edge, FileGraph, Node};
use crate::source::Recipe;

/// What was written for one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Chunks.
    pub chunks: u64,
    /// Nodes by `node_type`.
    pub nodes: BTreeMap<String, u64>,
    /// Edges by `relation_type`.
    pub edges: BTreeMap<String, u64>,
}

/// After how many files of a run the tables are measured; later the server does
/// it by itself.
const MEASURED_AFTER: [u64; 7] = [4, 16, 64, 256, 1_024, 4_096, 16_384];

/// Of the keys' columns alone: the others are large. A table that another run
/// measures just now is left to it.
const MEASURE_KEYS: &str = "
    ANALYZE (SKIP_LOCKED) code_chunks (repository, id, file_path), nodes (repository, node_id, file_path),
        edges (repository, edge_id, source_node_id, target_node_id, relation_type)";

/// The statements of a commit, prepared once a session.
#[derive(Clone)]
pub(super) struct Statements {
    clear: Statement,
    chunks: Statement,
    nodes: Statement,
    edges: Statement,
    metadata: Statement,
    metrics: Statement,
    file: Statement,
    symbols: Statement,
}

impl Store {
    /// Replaces what is stored for the file, whole or not at all.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::blame`] tells whether other files would
    /// meet the same fault. What stood before stays.
    pub fn commit(
        &mut self,
        file: &EmbeddedFile,
        recipe: &Recipe,
    ) -> Result<Committed, StoreError> {
        rows::check_vectors(file, &self.models)?;
        let repository = self.repository.clone();
        let ids = FileIds {
            repository: &repository,
            path: &file.file.path,
        };
        let graph = FileGraph::of(&repository, &file.file);
        let write = Write {
            file,
            recipe,
            graph: &graph,
            models: &self.models.clone(),
            ids,
        };
        self.persist(|store| store.write(&write))?;
        self.committed += 1;
        if MEASURED_AFTER.contains(&self.committed) {
            self.measure_keys();
        }
        Ok(Committed::of(&graph, file))
    }

    /// Lets the planner know how many rows a key has. It keeps the plans of a
    /// session, those of foreign keys too, and on tables that were empty when it
    /// made them any index that begins with the repository looks as good as
    /// another: each check of a key would read all rows of the repository. A
    /// server that will not is slower, and no reason to end the run.
    fn measure_keys(&mut self) {
        if let Err(error) = self.client.batch_execute(MEASURE_KEYS) {
            tracing::debug!("the keys were not measured: {error}");
        }
    }

    fn write(&mut self, write: &Write<'_>) -> Result<(), StoreError> {
        let statements = self.statements()?;
        let commit = self.commit.clone();
        let mut open = Open {
            transaction: self
                .client
                .transaction()
                .map_err(StoreError::sql("begin a file's transaction"))?,
            statements: &statements,
            write,
            commit: commit.as_deref(),
        };
        // First, because its row is also the lock: another writer of the same
        // file waits here, and then sees what we wrote.
        open.insert_file()?;
        open.insert_symbols()?;
        open.clear()?;
        open.insert_nodes()?;
        open.insert_chunks()?;
        open.insert_edges()?;
        open.insert_details()?;
        open.transaction
            .commit()
            .map_err(StoreError::sql("commit a file"))
    }

    fn statements(&mut self) -> Result<Statements, StoreError> {
        if let Some(statements) = &self.writing {
            return Ok(statements.clone());
        }
        let statements = Statements::prepare(&mut self.client, self.shape)
            .map_err(StoreError::sql("prepare a file's statements"))?;
        Ok(self.writing.insert(statements).clone())
    }
}

impl Committed {
    fn of(graph: &FileGraph, file: &EmbeddedFile) -> Self {
        let mut edges = BTreeMap::new();
        for edge in &graph.edges {
            *edges.entry(edge.relation.to_owned()).or_insert(0) += 1;
        }
        let nodes = graph
            .nodes_by_type()
            .into_iter()
            .map(|(kind, count)| (kind.to_string(), count));
        Self {
            chunks: file.file.chunks.len() as u64,
            nodes: nodes.collect(),
            edges,
        }
    }
}

impl Statements {
    fn prepare(client: &mut Client, shape: Shape) -> Result<Self, postgres::Error> {
        Ok(Self {
            clear: client.prepare(CLEAR)?,
            chunks: client.prepare(&insert_chunks(shape))?,
            nodes: client.prepare(&insert_nodes(shape))?,
            edges: client.prepare(INSERT_EDGES)?,
            metadata: client.prepare(INSERT_METADATA)?,
            metrics: client.prepare(INSERT_METRICS)?,
            file: client.prepare(INSERT_FILE)?,
            symbols: client.prepare(INSERT_SYMBOLS)?,
        })
    }
}

/// Removes what stood for the file: its chunks (what is told about them goes
/// with them), that it failed before, what contains what in it, and the nodes
/// that it no longer has with their edges. The nodes that it still has stay in
/// their place, and so do the edges between files until the graph is made anew.
/// Edges are found by each of their ends: asked for both at once, no index helps.
const CLEAR: &str = "
    WITH standing AS (
        SELECT node_id FROM nodes WHERE repository = $1 AND file_path = $2
    ), chunks AS (
        DELETE FROM code_chunks WHERE repository = $1 AND file_path = $2
    ), errors AS (
        DELETE FROM indexing_errors WHERE repository = $1 AND file_path = $2
    ), open AS (
        DELETE FROM file_references WHERE repository = $1 AND file_path = $2
    ), edges AS (
        DELETE FROM edges WHERE repository = $1 AND edge_id IN (
            SELECT edge_id FROM standing JOIN edges ON repository = $1 AND source_node_id = node_id
                WHERE relation_type = 'contains' OR node_id <> ALL ($3)
            UNION ALL
            SELECT edge_id FROM standing JOIN edges ON repository = $1 AND target_node_id = node_id
                WHERE node_id <> ALL ($3))
    )
    DELETE FROM nodes WHERE repository = $1 AND file_path = $2 AND node_id <> ALL ($3)";

fn insert_chunks(shape: Shape) -> String {
    // The server refuses a value for a generated column, even the right one.
    let (column, value) = if shape.repository_is_generated {
        ("", "")
    } else {
        ("repository, ", "$1::text, ")
    };
    format!(
        "INSERT INTO code_chunks ({column}file_path, language, commit_hash, id, chunk_type, name, name_path,
            source_code, start_line, end_line, embedding_text, embedding_code, embedding_text_half,
            embedding_code_half, metadata, node_id, text_key, code_key, last_modified, search_words)
         SELECT {value}$2::text, $3::text, $4::text, id, chunk_type, name, name_path, source_code, start_line,
            end_line, embedding_text, embedding_code, embedding_text::halfvec, embedding_code::halfvec,
            metadata::jsonb || jsonb_build_object('repository', $1::text),
            node_id, text_key, code_key, (metadata::jsonb ->> 'last_modified')::timestamptz,
            setweight(to_tsvector('pg_catalog.english', words_of_name), 'A')
                || setweight(to_tsvector('pg_catalog.english', words_of_path), 'B')
                || setweight(to_tsvector('pg_catalog.english', words_of_text), 'C')
                || setweight(to_tsvector('pg_catalog.english', words_of_code), 'D')
         FROM unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int4[], $11::int4[],
            $12::vector[], $13::vector[], $14::text[], $15::uuid[], $16::uuid[], $17::uuid[],
            $18::text[], $19::text[], $20::text[], $21::text[])
            AS row (id, chunk_type, name, name_path, source_code, start_line, end_line, embedding_text,
                embedding_code, metadata, node_id, text_key, code_key, words_of_name, words_of_path,
                words_of_text, words_of_code)
         WHERE $1::text IS NOT NULL"
    )
}

fn insert_nodes(shape: Shape) -> String {
    // Where the key holds the repository it cannot differ, and a table that is
    // distributed by it takes no such change.
    let (key, repository) = if shape.ours {
        ("repository, node_id", "")
    } else {
        ("node_id", "repository = EXCLUDED.repository, ")
    };
    format!(
        "INSERT INTO nodes (repository, file_path, node_id, node_type, label, properties)
         SELECT $1, $2, node_id, node_type, label, properties::jsonb
         FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[])
            AS row (node_id, node_type, label, properties)
         ON CONFLICT ({key}) DO UPDATE SET {repository}file_path = EXCLUDED.file_path,
            node_type = EXCLUDED.node_type, label = EXCLUDED.label, properties = EXCLUDED.properties,
            created_at = EXCLUDED.created_at"
    )
}

const INSERT_EDGES: &str = "
    INSERT INTO edges (repository, edge_id, source_node_id, target_node_id, relation_type, properties)
    SELECT $1, edge_id, source, target, relation, properties::jsonb
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
        AS row (edge_id, source, target, relation, properties)";

const INSERT_METADATA: &str = "
    INSERT INTO detailed_metadata (repository, version, metadata_id, node_id, chunk_id, metadata)
    SELECT $1, 1, row.metadata_id, row.node_id, row.chunk_id, chunk.metadata
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS row (metadata_id, node_id, chunk_id)
    JOIN code_chunks AS chunk ON chunk.repository = $1 AND chunk.id = row.chunk_id";

const INSERT_METRICS: &str = "
    INSERT INTO computed_metrics (repository, version, metric_id, node_id, chunk_id,
        cyclomatic_complexity, cognitive_complexity, lines_of_code)
    SELECT $1, 1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int4[], $6::int4[], $7::int4[])";

const INSERT_FILE: &str = "
    INSERT INTO indexed_files (repository, file_path, language, digest, recipe, chunk_count, lines_of_code, notes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (repository, file_path) DO UPDATE SET language = EXCLUDED.language, digest = EXCLUDED.digest,
        recipe = EXCLUDED.recipe, chunk_count = EXCLUDED.chunk_count, lines_of_code = EXCLUDED.lines_of_code,
        notes = EXCLUDED.notes, indexed_at = EXCLUDED.indexed_at";

const INSERT_SYMBOLS: &str = "
    INSERT INTO file_symbols (repository, file_path, symbols) VALUES ($1, $2, $3)
    ON CONFLICT (repository, file_path) DO UPDATE SET symbols = EXCLUDED.symbols";

/// Rows of one statement. Most files have fewer; the copies that are made of
/// a large one's rows on their way stay small.
const SLICE: usize = 64;

/// What is to be written.
struct Write<'a> {
    file: &'a EmbeddedFile,
    recipe: &'a Recipe,
    graph: &'a FileGraph,
    models: &'a Models,
    ids: FileIds<'a>,
}

/// A file's transaction while it is open; dropped, it is rolled back.
struct Open<'a> {
    transaction: Transaction<'a>,
    statements: &'a Statements,
    write: &'a Write<'a>,
    commit: Option<&'a str>,
}

impl<'a> Open<'a> {
    fn clear(&mut self) -> Result<(), StoreError> {
        let nodes = self.write.graph.nodes.iter().map(|node| node.id);
        let nodes: Vec<Uuid> = nodes.collect();
        let values: [&(dyn ToSql + Sync); 3] = [&self.repository(), &self.path(), &nodes];
        self.execute("clear a file's rows", &self.statements.clear, &values)
    }

    fn insert_chunks(&mut self) -> Result<(), StoreError> {
        let count = self.write.file.file.chunks.len();
        for start in (0..count).step_by(SLICE) {
            self.insert_some_chunks(start..count.min(start + SLICE))?;
        }
        Ok(())
    }

    fn insert_some_chunks(&mut self, range: Range<usize>) -> Result<(), StoreError> {
        let file = &self.write.file.file;
        let keys = KeyRows::of(self.write.models, &file.chunks[range.clone()]);
        let words = WordRows::of(&file.chunks[range.clone()]);
        let part = (range, self.write.graph.owners.as_slice());
        let rows = ChunkRows::of(&self.write.ids, self.write.file, part);
        let (language, commit) = (file.language.name(), self.commit);
        let values: [&(dyn ToSql + Sync); 21] = [
            &self.repository(),
            &self.path(),
            &language,
            &commit,
            &rows.ids,
            &rows.kinds,
            &rows.names,
            &rows.name_paths,
            &rows.sources,
            &rows.starts,
            &rows.ends,
            &rows.texts,
            &rows.codes,
            &rows.metadata,
            &rows.nodes,
            &keys.texts,
            &keys.codes,
            &words.names,
            &words.paths,
            &words.texts,
            &words.codes,
        ];
        self.execute("store a file's chunks", &self.statements.chunks, &values)
    }

    fn insert_nodes(&mut self) -> Result<(), StoreError> {
        let mut slices = self.write.graph.nodes.chunks(SLICE);
        slices.try_for_each(|nodes| self.insert_some_nodes(nodes))
    }

    fn insert_some_nodes(&mut self, nodes: &[Node]) -> Result<(), StoreError> {
        let rows = NodeRows::of(nodes);
        let values: [&(dyn ToSql + Sync); 6] = [
            &self.repository(),
            &self.path(),
            &rows.ids,
            &rows.types,
            &rows.labels,
            &rows.properties,
        ];
        self.execute("store a file's nodes", &self.statements.nodes, &values)
    }

    fn insert_edges(&mut self) -> Result<(), StoreError> {
        let mut slices = self.write.graph.edges.chunks(SLICE);
        slices.try_for_each(|edges| self.insert_some_edges(edges))
    }

    fn insert_some_edges(&mut self, edges: &[Edge]) -> Result<(), StoreError> {
        let rows = EdgeRows::of(edges);
        let values: [&(dyn ToSql + Sync); 6] = [
            &self.repository(),
            &rows.ids,
            &rows.sources,
            &rows.targets,
            &rows.relations,
            &rows.properties,
        ];
        self.execute("store a file's edges", &self.statements.edges, &values)
    }

    fn insert_details(&mut self) -> Result<(), StoreError> {
        let mut slices = self.write.graph.nodes.chunks(SLICE);
        slices.try_for_each(|nodes| self.insert_some_details(nodes))
    }

    fn insert_some_details(&mut self, nodes: &[Node]) -> Result<(), StoreError> {
        let chunks = &self.write.file.file.chunks;
        let rows = DetailRows::of(&self.write.ids, chunks, nodes);
        let metadata: [&(dyn ToSql + Sync); 4] = [
            &self.repository(),
            &rows.metadata_ids,
            &rows.nodes,
            &rows.chunks,
        ];
        self.execute(
            "store a file's metadata",
            &self.statements.metadata,
            &metadata,
        )?;
        let metrics: [&(dyn ToSql + Sync); 7] = [
            &self.repository(),
            &rows.metric_ids,
            &rows.nodes,
            &rows.chunks,
            &rows.cyclomatic,
            &rows.cognitive,
            &rows.lines_of_code,
        ];
        self.execute("store a file's metrics", &self.statements.metrics, &metrics)
    }

    fn insert_file(&mut self) -> Result<(), StoreError> {
        let file = &self.write.file.file;
        let chunks = i32::try_from(file.chunks.len()).unwrap_or(i32::MAX);
        let lines = i32::try_from(file.lines_of_code).unwrap_or(i32::MAX);
        let notes: Vec<_> = file.notes.iter().map(|note| storable(note)).collect();
        let (digest, recipe) = (
            file.digest.as_bytes().as_slice(),
            self.write.recipe.as_bytes().as_slice(),
        );
        let values: [&(dyn ToSql + Sync); 8] = [
            &self.repository(),
            &self.path(),
            &file.language.name(),
            &digest,
            &recipe,
            &chunks,
            &lines,
            &notes,
        ];
        self.execute(
            "store what a file was made from",
            &self.statements.file,
            &values,
        )
    }

    fn insert_symbols(&mut self) -> Result<(), StoreError> {
        let symbols: &[u8] = &self.write.file.file.symbols;
        let values: [&(dyn ToSql + Sync); 3] = [&self.repository(), &self.path(), &symbols];
        let statement = &self.statements.symbols;
        self.execute("store what a file says to others", statement, &values)
    }

    fn execute(
        &mut self,
        action: &'static str,
        statement: &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<(), StoreError> {
        self.transaction
            .execute(statement, values)
            .map(drop)
            .map_err(StoreError::sql(action))
    }

    fn repository(&self) -> &'a str {
        self.write.ids.repository.as_str()
    }

    fn path(&self) -> &'a str {
        self.write.ids.path.as_str()
    }
}
