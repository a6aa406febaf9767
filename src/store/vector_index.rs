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

/// The same values as the readers' own indexes.
const METHOD: &str = "hnsw";
const OPTIONS: &str = "m = 16, ef_construction = 128";

/// Bounds of the memory for one build, in MB. Below the lower one builds take
/// twice as long; the upper one is what a small server can spare.
const BUILD_MEMORY: std::ops::RangeInclusive<i64> = 64..=512;

/// The name the readers know the index of `column` by.
pub(super) fn name_of(column: &str) -> &'static str {
    if column.starts_with("embedding_text") {
        "idx_code_emb_text_half"
    } else {
        "idx_code_emb_code_half"
    }
}

/// Builds the indexes that are missing; tells how many were built.
pub(super) fn build_missing(client: &mut Client) -> Result<usize, StoreError> {
    let mut built = 0;
    for role in [Role::Text, Role::Code] {
        if !exists(client, role)? {
            build(client, role)?;
            built += 1;
        }
    }
    Ok(built)
}

/// Whether some usable index of our method stands on the column.
fn exists(client: &mut Client, role: Role) -> Result<bool, StoreError> {
    client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_index i
                JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = 'code_chunks'::regclass AND i.indisvalid AND m.amname = $1 AND a.attname = $2)",
            &[&METHOD, &role.half_column()],
        )
        .map(|row| row.get(0))
        .map_err(StoreError::sql("look for the vector indexes"))
}

fn build(client: &mut Client, role: Role) -> Result<(), StoreError> {
    let memory = build_memory(client)?;
    let column = role.half_column();
    let statement = format!(
        "CREATE INDEX IF NOT EXISTS {} ON code_chunks USING {METHOD} ({column} halfvec_cosine_ops) WITH ({OPTIONS})",
        name_of(column),
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
    fn the_memory_for_a_build_is_bounded() {
        assert_eq!(megabytes(0, 384), 64);
        assert_eq!(megabytes(100_000, 768), 223);
        assert_eq!(megabytes(i64::MAX, 768), 512);
    }
}
