//! The graph of a whole repository: what its files say is read, and what ties
//! them is written, as the difference to what stands, in one transaction.

use postgres::Transaction;
use postgres::types::ToSql;
use uuid::Uuid;

use super::Store;
use super::error::StoreError;
use super::rows;
use crate::graph::resolve::SymbolFile;
use crate::graph::{WholeGraph, ids};

/// Rows that are sent at a time.
const BATCH: usize = 4_000;

/// Bytes of text that are sent at a time, and hardly more: a copy of them goes
/// to the socket.
const BATCH_BYTES: usize = 1 << 20;

const MADE_FROM: &str = "SELECT made_from FROM graphs WHERE repository = $1";

const FILES: &str = r#"SELECT file_path, digest, recipe FROM indexed_files
    WHERE repository = $1 ORDER BY file_path COLLATE "C""#;

const SYMBOLS: &str = r#"SELECT file_path, symbols FROM file_symbols
    WHERE repository = $1 AND file_path = ANY($2) ORDER BY file_path COLLATE "C""#;

/// Files whose symbols are read at a time.
const PAGE: usize = 64;

/// What the repository should hold, side by side with what it does. Sequential
/// scans are right here: all rows of the repository are looked at.
const PREPARE: &str = "
    SET LOCAL enable_seqscan = on;
    CREATE TEMPORARY TABLE new_edges (edge_id uuid PRIMARY KEY, source uuid, target uuid, relation text,
        properties jsonb) ON COMMIT DROP;
    CREATE TEMPORARY TABLE new_packages (node_id uuid PRIMARY KEY, label text, properties jsonb) ON COMMIT DROP;
    CREATE TEMPORARY TABLE new_places (file_path text PRIMARY KEY, package text, module text) ON COMMIT DROP;
    CREATE TEMPORARY TABLE new_references (file_path text PRIMARY KEY, open jsonb) ON COMMIT DROP;
    CREATE TEMPORARY TABLE new_measures (node_id uuid PRIMARY KEY, afferent int4, efferent int4, rank float8)
        ON COMMIT DROP;
    CREATE TEMPORARY TABLE new_weights (weight_id uuid, edge_id uuid PRIMARY KEY, calls int4, importance float8)
        ON COMMIT DROP";

const ADD_EDGES: &str = "
    INSERT INTO pg_temp.new_edges SELECT id, source, target, relation, properties::jsonb
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
        AS row (id, source, target, relation, properties)";

const ADD_PACKAGES: &str = "
    INSERT INTO pg_temp.new_packages SELECT id, label, properties::jsonb
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row (id, label, properties)";

const ADD_PLACES: &str =
    "INSERT INTO pg_temp.new_places SELECT * FROM unnest($1::text[], $2::text[], $3::text[])";

const ADD_REFERENCES: &str = "
    INSERT INTO pg_temp.new_references SELECT path, open::jsonb
    FROM unnest($1::text[], $2::text[]) AS row (path, open)";

const ADD_MEASURES: &str = "
    INSERT INTO pg_temp.new_measures
    SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int4[], $4::float8[])";

const ADD_WEIGHTS: &str = "
    INSERT INTO pg_temp.new_weights
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int4[], $4::float8[])";

const ANALYZE: &str = "
    ANALYZE new_edges; ANALYZE new_places; ANALYZE new_references; ANALYZE new_measures; ANALYZE new_weights";

/// Each brings one part of the repository to what it should be, and touches
/// only what differs. What this session alone can see is materialized first:
/// Citus sends that to the machine with the repository, and not a table.
const CHANGES: [(&str, &str); 15] = [
    (
        "remove what ties no longer",
        "WITH n AS MATERIALIZED (SELECT edge_id FROM pg_temp.new_edges)
         DELETE FROM edges e WHERE e.repository = $1
            AND (e.relation_type <> 'contains' OR e.source_node_id IN (
                SELECT node_id FROM nodes WHERE repository = $1 AND node_type = 'Package'))
            AND NOT EXISTS (SELECT FROM n WHERE n.edge_id = e.edge_id)",
    ),
    (
        "remove packages",
        "WITH n AS MATERIALIZED (SELECT node_id FROM pg_temp.new_packages)
         DELETE FROM nodes o WHERE o.repository = $1 AND o.node_type = 'Package'
            AND NOT EXISTS (SELECT FROM n WHERE n.node_id = o.node_id)",
    ),
    (
        "change packages",
        "UPDATE nodes o SET label = n.label, properties = n.properties FROM pg_temp.new_packages n
         WHERE o.repository = $1 AND o.node_id = n.node_id AND (o.label, o.properties) <> (n.label, n.properties)",
    ),
    (
        "add packages",
        "WITH o AS MATERIALIZED (SELECT node_id FROM nodes WHERE repository = $1 AND node_type = 'Package')
         INSERT INTO nodes (repository, node_id, node_type, label, properties)
         SELECT $1, node_id, 'Package', label, properties FROM pg_temp.new_packages n
         WHERE NOT EXISTS (SELECT FROM o WHERE o.node_id = n.node_id)",
    ),
    (
        "change where files belong",
        "WITH p AS MATERIALIZED (
            SELECT *, jsonb_strip_nulls(jsonb_build_object('parent_package', package, 'parent_module', module)) AS place
            FROM pg_temp.new_places)
         UPDATE nodes o SET properties = (o.properties - '{parent_package,parent_module}'::text[]) || p.place
         FROM p WHERE o.repository = $1 AND o.file_path = p.file_path
            AND ((o.properties ->> 'parent_package') IS DISTINCT FROM p.package
                OR (o.properties ->> 'parent_module') IS DISTINCT FROM p.module)",
    ),
    // Whatever was found, an edge without an end is none.
    (
        "leave out edges without an end",
        "WITH o AS MATERIALIZED (SELECT node_id FROM nodes WHERE repository = $1)
         DELETE FROM pg_temp.new_edges n WHERE NOT (
            EXISTS (SELECT FROM o WHERE o.node_id = n.source) AND EXISTS (SELECT FROM o WHERE o.node_id = n.target))",
    ),
    (
        "leave out their weights",
        "DELETE FROM pg_temp.new_weights w WHERE $1::text IS NOT NULL
            AND NOT EXISTS (SELECT FROM pg_temp.new_edges n WHERE n.edge_id = w.edge_id)",
    ),
    (
        "change what ties",
        "UPDATE edges e SET properties = n.properties FROM pg_temp.new_edges n
         WHERE e.repository = $1 AND e.edge_id = n.edge_id AND e.properties <> n.properties",
    ),
    (
        "add what ties",
        "WITH o AS MATERIALIZED (SELECT edge_id FROM edges WHERE repository = $1)
         INSERT INTO edges (repository, edge_id, source_node_id, target_node_id, relation_type, properties)
         SELECT $1, edge_id, source, target, relation, properties FROM pg_temp.new_edges n
         WHERE NOT EXISTS (SELECT FROM o WHERE o.edge_id = n.edge_id)",
    ),
    (
        "remove open references",
        "WITH n AS MATERIALIZED (SELECT file_path FROM pg_temp.new_references)
         DELETE FROM file_references o WHERE o.repository = $1
            AND NOT EXISTS (SELECT FROM n WHERE n.file_path = o.file_path)",
    ),
    (
        "write open references",
        "INSERT INTO file_references AS o (repository, file_path, open)
         SELECT $1, file_path, open FROM pg_temp.new_references
         ON CONFLICT (repository, file_path) DO UPDATE SET open = EXCLUDED.open WHERE o.open <> EXCLUDED.open",
    ),
    (
        "write measures",
        "UPDATE computed_metrics m SET afferent_coupling = n.afferent, efferent_coupling = n.efferent,
            pagerank_score = n.rank, computed_at = now()
         FROM pg_temp.new_measures n WHERE m.repository = $1 AND m.node_id = n.node_id AND m.version = 1
            AND ((m.afferent_coupling, m.efferent_coupling) <> (n.afferent, n.efferent)
                OR m.pagerank_score IS NULL OR abs(m.pagerank_score - n.rank) > 1e-11)",
    ),
    (
        "remove weights",
        "WITH n AS MATERIALIZED (SELECT edge_id FROM pg_temp.new_weights)
         DELETE FROM edge_weights w WHERE w.repository = $1
            AND NOT EXISTS (SELECT FROM n WHERE n.edge_id = w.edge_id)",
    ),
    (
        "change weights",
        "UPDATE edge_weights w SET call_count = n.calls, importance_score = n.importance, updated_at = now()
         FROM pg_temp.new_weights n WHERE w.repository = $1 AND w.edge_id = n.edge_id AND w.version = 1
            AND (w.call_count <> n.calls OR abs(w.importance_score - n.importance) > 1e-11)",
    ),
    (
        "add weights",
        "WITH o AS MATERIALIZED (SELECT edge_id FROM edge_weights WHERE repository = $1)
         INSERT INTO edge_weights (repository, weight_id, edge_id, call_count, importance_score, version)
         SELECT $1, weight_id, edge_id, calls, importance, 1 FROM pg_temp.new_weights n
         WHERE NOT EXISTS (SELECT FROM o WHERE o.edge_id = n.edge_id)",
    ),
];

const NOTE: &str = "
    INSERT INTO graphs (repository, made_from) VALUES ($1, $2)
    ON CONFLICT (repository) DO UPDATE SET made_from = EXCLUDED.made_from, made_at = EXCLUDED.made_at";

/// What a graph is made from, and the files that it is made of.
#[derive(Debug, Clone)]
pub struct GraphInput {
    /// The paths of the files, in order.
    pub paths: Vec<String>,
    hasher: blake3::Hasher,
}

impl GraphInput {
    /// The hash of the files and of what else decides.
    #[must_use]
    pub fn with(&self, settings: &[u8; 32]) -> [u8; 32] {
        let mut hasher = self.hasher.clone();
        *hasher.update(settings).finalize().as_bytes()
    }
}

impl Store {
    /// What the graph would be made from.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn graph_input(&mut self) -> Result<GraphInput, StoreError> {
        let mut hasher = blake3::Hasher::new();
        let mut paths = Vec::new();
        let rows = self.persist(|store| {
            store
                .client
                .query(FILES, &[&store.repository.as_str()])
                .map_err(StoreError::sql("ask which files stand in the index"))
        })?;
        for row in rows {
            let path: String = row.get(0);
            for part in [path.as_bytes(), row.get(1), row.get(2)] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
            paths.push(path);
        }
        Ok(GraphInput { paths, hasher })
    }

    /// What the graph that stands was made from.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn graph_made_from(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.persist(|store| {
            store
                .client
                .query_opt(MADE_FROM, &[&store.repository.as_str()])
                .map(|row| row.map(|row| row.get(0)))
                .map_err(StoreError::sql("ask what the graph was made from"))
        })
    }

    /// What these files, which are in path order, say: read as they are asked
    /// for, a page at a time.
    ///
    /// # Errors
    /// Each may be [`StoreError::Sql`] if the database cannot be asked.
    pub fn symbols(
        &mut self,
        paths: &[String],
    ) -> impl Iterator<Item = Result<SymbolFile, StoreError>> {
        paths.chunks(PAGE).flat_map(|paths| {
            let (files, error) = match self.persist(|store| store.page_of_symbols(paths)) {
                Ok(files) => (files, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            files.into_iter().map(Ok).chain(error)
        })
    }

    fn page_of_symbols(&mut self, paths: &[String]) -> Result<Vec<SymbolFile>, StoreError> {
        let rows = self
            .client
            .query(SYMBOLS, &[&self.repository.as_str(), &paths])
            .map_err(StoreError::sql("read what the files say"))?;
        Ok(rows
            .iter()
            .map(|row| SymbolFile {
                path: row.get(0),
                symbols: row.get(1),
            })
            .collect())
    }

    /// Brings what ties the files to `graph`, all at once.
    ///
    /// # Errors
    /// [`StoreError`]; what stood before stays.
    pub fn write_graph(
        &mut self,
        graph: &WholeGraph,
        made_from: &[u8; 32],
    ) -> Result<(), StoreError> {
        self.persist(|store| store.replace_graph(graph, made_from))
    }

    fn replace_graph(
        &mut self,
        graph: &WholeGraph,
        made_from: &[u8; 32],
    ) -> Result<(), StoreError> {
        let repository = self.repository.as_str().to_owned();
        let mut writing = Writing {
            transaction: self
                .client
                .transaction()
                .map_err(StoreError::sql("begin the graph's transaction"))?,
        };
        writing.run(PREPARE)?;
        writing.send(graph)?;
        writing.run(ANALYZE)?;
        for (action, change) in CHANGES {
            writing.execute(action, change, &[&repository])?;
        }
        let made_from = made_from.as_slice();
        writing.execute(
            "note what the graph is made from",
            NOTE,
            &[&repository, &made_from],
        )?;
        writing
            .transaction
            .commit()
            .map_err(StoreError::sql("commit the graph"))
    }
}

/// The graph's transaction while it is open; dropped, it is rolled back.
struct Writing<'a> {
    transaction: Transaction<'a>,
}

impl Writing<'_> {
    fn run(&mut self, statements: &str) -> Result<(), StoreError> {
        self.transaction
            .batch_execute(statements)
            .map_err(StoreError::sql("write the graph"))
    }

    fn execute(
        &mut self,
        action: &'static str,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<(), StoreError> {
        let began = std::time::Instant::now();
        let rows = self
            .transaction
            .execute(statement, values)
            .map_err(StoreError::sql(action))?;
        tracing::debug!(action, rows, elapsed = ?began.elapsed(), "graph");
        Ok(())
    }

    fn send(&mut self, graph: &WholeGraph) -> Result<(), StoreError> {
        self.send_edges(graph)?;
        self.send_packages(graph)?;
        self.send_places(graph)?;
        self.send_references(graph)?;
        self.send_measures(graph)?;
        self.send_weights(graph)
    }

    fn send_edges(&mut self, graph: &WholeGraph) -> Result<(), StoreError> {
        // Text takes a fraction of the memory of an object.
        let rows = graph.edges().map(|edge| {
            let properties = rows::json(&edge.properties);
            (edge.id, edge.source, edge.target, edge.relation, properties)
        });
        for batch in batches(rows, |row| row.4.len()) {
            let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
            columns.extend(batch);
            let (ids, sources, targets, relations, properties) = columns;
            let values: [&(dyn ToSql + Sync); 5] =
                [&ids, &sources, &targets, &relations, &properties];
            self.execute("send what ties", ADD_EDGES, &values)?;
        }
        Ok(())
    }

    fn send_packages(&mut self, graph: &WholeGraph) -> Result<(), StoreError> {
        for batch in batches(graph.package_nodes(), |_| 0) {
            let ids: Vec<Uuid> = batch.iter().map(|node| node.id).collect();
            let labels: Vec<_> = batch
                .iter()
                .map(|node| rows::storable(&node.label))
                .collect();
            let properties: Vec<String> = batch
                .iter()
                .map(|node| rows::json(&node.properties))
                .collect();
            self.execute("send packages", ADD_PACKAGES, &[&ids, &labels, &properties])?;
        }
        Ok(())
    }

    fn send_places(&mut self, graph: &WholeGraph) -> Result<(), StoreError> {
        for batch in batches(graph.places(), |_| 0) {
            let paths: Vec<&str> = batch.iter().map(|(path, _)| *path).collect();
            let packages: Vec<_> = batch
                .iter()
                .map(|(_, place)| place.package.as_deref())
                .collect();
            let modules: Vec<_> = batch
                .iter()
                .map(|(_, place)| place.module.as_deref())
                .collect();
            self.execute("send places", ADD_PLACES, &[&paths, &packages, &modules])?;
        }
        Ok(())
    }

    fn send_references(&mut self, graph: &WholeGraph) -> Result<(), StoreError> {
        let rows = graph
            .open()
            .map(|(path, open)| (path, rows::json_value(&open)));
        for batch in batches(rows, |(_, open)| open.len()) {
            let (paths, lists): (Vec<&str>, Vec<String>) = batch.into_iter().unzip();
            self.execute("send open references", ADD_REFERENCES, &[&paths, &lists])?;
        }
        Ok(())
    }

    fn send_measures(&mut self, graph: &WholeGraph) -> Result<(), StoreError> {
        for batch in batches(graph.measures(), |_| 0) {
            let ids: Vec<Uuid> = batch.iter().map(|(id, _)| *id).collect();
            let afferent: Vec<i32> = batch.iter().map(|(_, m)| count(m.afferent)).collect();
            let efferent: Vec<i32> = batch.iter().map(|(_, m)| count(m.efferent)).collect();
            let ranks: Vec<f64> = batch.iter().map(|(_, m)| m.rank).collect();
            self.execute(
                "send measures",
                ADD_MEASURES,
                &[&ids, &afferent, &efferent, &ranks],
            )?;
        }
        Ok(())
    }

    fn send_weights(&mut self, graph: &WholeGraph) -> Result<(), StoreError> {
        for batch in batches(graph.weights(), |_| 0) {
            let edges: Vec<Uuid> = batch.iter().map(|weight| weight.edge).collect();
            let ids: Vec<Uuid> = edges
                .iter()
                .map(|edge| ids::about_node("edge_weights", *edge))
                .collect();
            let calls: Vec<i32> = batch.iter().map(|weight| weight.calls).collect();
            let importance: Vec<f64> = batch.iter().map(|weight| weight.importance).collect();
            self.execute(
                "send weights",
                ADD_WEIGHTS,
                &[&ids, &edges, &calls, &importance],
            )?;
        }
        Ok(())
    }
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Pieces of what comes, no longer than a batch and hardly larger: `size` says
/// how many bytes of text one is.
fn batches<T>(
    mut all: impl Iterator<Item = T>,
    size: impl Fn(&T) -> usize,
) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(one) = all.next() else { break };
            bytes += size(&one);
            batch.push(one);
        }
        (!batch.is_empty()).then_some(batch)
    })
}
