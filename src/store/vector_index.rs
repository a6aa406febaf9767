//! The indexes that vector search stands on.
//!
//! Building one over rows that are there is some fifty times faster than
//! keeping it up during the load, so a new database gets them at the end of
//! its first run. Later runs find them and keep them up.

use backon::{BlockingRetryable, ConstantBuilder};
use postgres::Client;
use postgres::error::SqlState;

use super::error::StoreError;
use super::models::Role;

/// How vectors are indexed for search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VectorIndex {
    /// pgvector's own.
    #[default]
    Hnsw,
    /// That of pgvectorscale, which keeps most of itself on disk.
    Diskann,
    /// That of `YugabyteDB`.
    YbHnsw,
    /// None is built: searches look at every vector.
    None,
}

impl VectorIndex {
    const ALL: [Self; 4] = [Self::Hnsw, Self::Diskann, Self::YbHnsw, Self::None];

    /// The name of the access method; none if nothing is to be built.
    fn method(self) -> Option<&'static str> {
        match self {
            Self::Hnsw => Some("hnsw"),
            Self::Diskann => Some("diskann"),
            Self::YbHnsw => Some("ybhnsw"),
            Self::None => None,
        }
    }

    /// The values of the readers' own indexes; what `DiskANN` chooses itself is meant
    /// for any number of vectors.
    fn options(self) -> &'static str {
        match self {
            Self::Hnsw | Self::YbHnsw => " WITH (m = 16, ef_construction = 128)",
            Self::Diskann | Self::None => "",
        }
    }
}

/// Bounds of the memory for one build, in MB. Below the lower one builds take
/// twice as long; the upper one is what a small server can spare.
const BUILD_MEMORY: std::ops::RangeInclusive<i64> = 64..=512;

/// The name of the index on `column`; on a half-precision one, that by which the
/// readers know it.
pub(super) fn name_of(column: &str) -> String {
    format!("idx_code_{}", column.replace("embedding", "emb"))
}

/// Makes sure that the server has the method, before anything is written. What
/// comes with pgvector may come with it later.
pub(super) fn check(client: &mut Client, index: VectorIndex) -> Result<(), StoreError> {
    let Some(method) = index.method().filter(|_| index != VectorIndex::Hnsw) else {
        return Ok(());
    };
    match operators(client, method)? {
        Some(_) => Ok(()),
        None => Err(StoreError::NoIndexMethod { method }),
    }
}

/// Builds the indexes that are missing; tells how many were built.
pub(super) fn build_missing(client: &mut Client, index: VectorIndex) -> Result<usize, StoreError> {
    let mut built = 0;
    let Some(method) = index.method() else {
        return Ok(built);
    };
    for role in [Role::Text, Role::Code] {
        if !exists(client, role)? {
            let operators = operators(client, method)?;
            let operators = operators.ok_or(StoreError::NoIndexMethod { method })?;
            build(client, index, operators.on(role))?;
            built += 1;
        }
    }
    Ok(built)
}

/// Whether some usable index, of whatever method, stands on a column of the role.
fn exists(client: &mut Client, role: Role) -> Result<bool, StoreError> {
    let methods: Vec<_> = VectorIndex::ALL.iter().filter_map(|i| i.method()).collect();
    client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_index i
                JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = 'code_chunks'::regclass AND i.indisvalid AND m.amname = ANY ($1)
                    AND a.attname IN ($2, $3))",
            &[&methods, &role.half_column(), &role.column()],
        )
        .map(|row| row.get(0))
        .map_err(StoreError::sql("look for the vector indexes"))
}

/// What a method compares by cosine.
#[derive(Clone, Copy)]
enum Operators {
    /// The half-precision copies, which the readers search.
    OfHalves,
    /// Only the vectors themselves.
    OfVectors,
}

impl Operators {
    /// The column of the role, and the class that compares it.
    fn on(self, role: Role) -> (&'static str, &'static str) {
        match self {
            Self::OfHalves => (role.half_column(), "halfvec_cosine_ops"),
            Self::OfVectors => (role.column(), "vector_cosine_ops"),
        }
    }
}

/// None if the server has no such method, or it knows no cosine.
fn operators(client: &mut Client, method: &str) -> Result<Option<Operators>, StoreError> {
    client
        .query_one(
            "SELECT coalesce(bool_or(opcname = 'halfvec_cosine_ops'), false),
                coalesce(bool_or(opcname = 'vector_cosine_ops'), false)
             FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod WHERE m.amname = $1",
            &[&method],
        )
        .map(|row| match (row.get(0), row.get(1)) {
            (true, _) => Some(Operators::OfHalves),
            (false, true) => Some(Operators::OfVectors),
            (false, false) => None,
        })
        .map_err(StoreError::sql("look for the method of the vector index"))
}

fn build(
    client: &mut Client,
    index: VectorIndex,
    (column, operators): (&str, &str),
) -> Result<(), StoreError> {
    let memory = build_memory(client)?;
    let statement = format!(
        "CREATE INDEX IF NOT EXISTS {} ON code_chunks USING {} ({column} {operators}){}",
        name_of(column),
        index.method().unwrap_or_default(),
        index.options(),
    );
    let mut workers = "";
    (|| {
        let settings = format!("SET LOCAL maintenance_work_mem = '{memory}MB'; {workers}");
        // A parallel build takes its memory from /dev/shm, of which a container
        // may have very little; a build by one process does not.
        workers = "SET LOCAL max_parallel_maintenance_workers = 0;";
        client
            .batch_execute(&format!("BEGIN; {settings} {statement}; COMMIT"))
            .inspect_err(|_| {
                // A connection that is gone has no transaction to end.
                let _ = client.batch_execute("ROLLBACK");
            })
    })
    .retry(ConstantBuilder::new().with_max_times(1))
    .when(|error| {
        matches!(
            error.code(),
            Some(&SqlState::DISK_FULL | &SqlState::OUT_OF_MEMORY)
        )
    })
    .call()
    .map_err(StoreError::sql("build the vector index"))
}

/// What the graph of all rows takes, within bounds, in MB.
fn build_memory(client: &mut Client) -> Result<i64, StoreError> {
    let row = client
        .query_one(
            "SELECT count(*), coalesce(max(a.atttypmod), 0)::int8 FROM code_chunks
             CROSS JOIN (SELECT atttypmod FROM pg_attribute
                WHERE attrelid = 'code_chunks'::regclass AND attname = 'embedding_code_half') a",
            &[],
        )
        .map_err(StoreError::sql("count the chunks"))?;
    Ok(megabytes(row.get(0), row.get(1)))
}

/// Two bytes a dimension and about 800 for a vector's neighbours.
fn megabytes(rows: i64, width: i64) -> i64 {
    let bytes = rows.saturating_mul(width.max(0) * 2 + 800);
    (bytes / (1 << 20) + 1).clamp(*BUILD_MEMORY.start(), *BUILD_MEMORY.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readers_find_the_index_by_its_name() {
        assert_eq!(name_of("embedding_text_half"), "idx_code_emb_text_half");
        assert_eq!(name_of("embedding_code"), "idx_code_emb_code");
    }

    #[test]
    fn the_memory_for_a_build_is_bounded() {
        assert_eq!(megabytes(0, 384), 64);
        assert_eq!(megabytes(100_000, 768), 223);
        assert_eq!(megabytes(i64::MAX, 768), 512);
    }
}
