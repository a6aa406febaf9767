//! A database of many machines: Citus keeps the rows of a repository together on
//! one of them, if the tables follow its rules. Those that are checked here are
//! of Citus 13.

use postgres::Client;

use super::archive::Archive;
use super::error::StoreError;
use super::{Shape, migrate};

/// The column whose value decides on which machine a row is.
const COLUMN: &str = "repository";

/// The tables with rows of repositories, those that others refer to first.
const BY_REPOSITORY: [&str; 14] = [
    "code_chunks",
    "nodes",
    "edges",
    "detailed_metadata",
    "computed_metrics",
    "edge_weights",
    "indexing_errors",
    "indexed_files",
    "file_symbols",
    "file_references",
    "graphs",
    "runs",
    "retiring",
    "shards",
];

/// Small tables that every machine has whole.
const EVERYWHERE: [&str; 1] = ["embedding_models"];

/// What in the tables breaks a rule, a sentence for each.
const FAULTS: &str = "
    WITH ours AS (
        SELECT c.oid, c.relname::text AS name, a.attnum, a.attnotnull, a.attgenerated, a.atttypid
        FROM unnest($1::text[]) AS table_name
        JOIN pg_class c ON c.oid = to_regclass(quote_ident(table_name))
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $3
    ), everywhere AS (
        SELECT to_regclass(quote_ident(table_name)) AS oid FROM unnest($2::text[]) AS table_name
    ), ties AS (
        SELECT k.*, f.name AS from_name, t.name AS to_name, EXISTS (
            SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there)
            WHERE here = f.attnum AND there = t.attnum) AS by_repository
        FROM pg_constraint k LEFT JOIN ours f ON f.oid = k.conrelid LEFT JOIN ours t ON t.oid = k.confrelid
        WHERE k.contype = 'f'
    ), sequences AS (
        SELECT o.name, a.attname, s.seqtypid FROM ours o
        JOIN pg_attrdef d ON d.adrelid = o.oid JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.adnum
        JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
        JOIN pg_sequence s ON s.seqrelid = p.refobjid
    )
    SELECT format('%s has no column %s', name, $3) FROM ours WHERE attnum IS NULL
    UNION ALL
    SELECT format('%s of %s may be empty, is generated or is no text', $3, name) FROM ours
    WHERE NOT attnotnull OR attgenerated <> '' OR atttypid <> 'text'::regtype
    UNION ALL
    SELECT format('the key %s of %s does not hold %s', i.relname, o.name, $3)
    FROM ours o JOIN pg_index x ON x.indrelid = o.oid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE (x.indisunique OR x.indisexclusion)
        AND o.attnum <> ALL ((x.indkey::int2[])[0:x.indnkeyatts - 1])
    UNION ALL
    SELECT format('the foreign key %s of %s does not tie %s to %s', conname, from_name, $3, $3)
    FROM ties WHERE from_name IS NOT NULL AND to_name IS NOT NULL AND NOT by_repository
    UNION ALL
    SELECT format('the foreign key %s of %s refers to %s, which stays on one machine', conname, from_name, confrelid::regclass)
    FROM ties WHERE from_name IS NOT NULL AND to_name IS NULL AND confrelid NOT IN (SELECT oid FROM everywhere)
    UNION ALL
    SELECT format('the foreign key %s of %s refers to %s, and %s is not by %s',
        conname, conrelid::regclass, to_name, conrelid::regclass, $3)
    FROM ties WHERE from_name IS NULL AND to_name IS NOT NULL
    UNION ALL
    SELECT format('the foreign key %s of %s changes its own columns', conname, from_name)
    FROM ties WHERE from_name IS NOT NULL AND (confdeltype IN ('n', 'd') OR confupdtype IN ('n', 'd', 'c'))
    UNION ALL
    SELECT format('%s has the trigger %s', o.name, t.tgname)
    FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT format('%s of %s is an identity column', a.attname, o.name)
    FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attidentity <> ''
    UNION ALL
    SELECT format('%s of %s comes from a sequence smaller than bigint', attname, name)
    FROM sequences WHERE seqtypid <> 'int8'::regtype
    ORDER BY 1";

const HAS_CITUS: &str = "
    SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'),
        EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus')";

const DISTRIBUTED: &str = "
    SELECT c.relname::text FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
    WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'code_chunks'::regclass)";

/// What there is to do before an index is on many machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The statements, in their order; none if all was done before.
    pub steps: Vec<String>,
    /// What the server lacks to run them.
    missing: Option<&'static str>,
}

impl Distribution {
    /// Makes sure that the server can do it.
    ///
    /// # Errors
    /// [`StoreError::NoCitus`].
    pub fn possible(&self) -> Result<(), StoreError> {
        self.missing
            .map_or(Ok(()), |reason| Err(StoreError::NoCitus { reason }))
    }
}

impl Archive {
    /// What there is to do so that the rows of each repository are together on one
    /// of many machines.
    ///
    /// # Errors
    /// [`StoreError::OfMnemoLite`], [`StoreError::NotDistributable`] if the tables
    /// break Citus' rules.
    pub fn distribution(&mut self) -> Result<Distribution, StoreError> {
        if !Shape::of(&mut self.client)?.ours {
            return Err(StoreError::OfMnemoLite);
        }
        let faults = faults(&mut self.client)?;
        if !faults.is_empty() {
            return Err(StoreError::NotDistributable { faults });
        }
        let missing = missing(&mut self.client)?;
        let done = match missing {
            None => distributed(&mut self.client)?,
            Some(_) => Vec::new(),
        };
        let steps = steps(&done);
        Ok(Distribution { steps, missing })
    }

    /// Does it, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::NoCitus`]; [`StoreError::Sql`] if the server refuses.
    pub fn distribute(&mut self, distribution: &Distribution) -> Result<(), StoreError> {
        distribution.possible()?;
        migrate::locked(&mut self.client, |client| {
            let failed = StoreError::sql("distribute the tables");
            let mut transaction = client.transaction().map_err(&failed)?;
            for step in &distribution.steps {
                transaction.batch_execute(step).map_err(&failed)?;
            }
            transaction.commit().map_err(&failed)
        })
    }
}

fn faults(client: &mut Client) -> Result<Vec<String>, StoreError> {
    client
        .query(
            FAULTS,
            &[&BY_REPOSITORY.as_slice(), &EVERYWHERE.as_slice(), &COLUMN],
        )
        .map(|rows| rows.iter().map(|row| row.get(0)).collect())
        .map_err(StoreError::sql("look at the keys of the tables"))
}

fn missing(client: &mut Client) -> Result<Option<&'static str>, StoreError> {
    client
        .query_one(HAS_CITUS, &[])
        .map(|row| match (row.get(0), row.get(1)) {
            (true, _) => None,
            (false, true) => Some("the database does not use the extension citus"),
            (false, false) => Some("the server does not have the extension citus"),
        })
        .map_err(StoreError::sql("look for Citus"))
}

fn distributed(client: &mut Client) -> Result<Vec<String>, StoreError> {
    client
        .query(DISTRIBUTED, &[])
        .map(|rows| rows.iter().map(|row| row.get(0)).collect())
        .map_err(StoreError::sql("ask which tables are distributed"))
}

/// Tables are put where the first of them is; then what they held before, which
/// was copied, is freed.
fn steps(done: &[String]) -> Vec<String> {
    let is_open = |table: &&str| !done.iter().any(|done| done == table);
    let first = BY_REPOSITORY[0];
    let by_repository = BY_REPOSITORY.into_iter().filter(|table| is_open(table));
    let everywhere = EVERYWHERE.into_iter().filter(|table| is_open(table));
    let spread = by_repository.clone().map(|table| {
        let with = if table == first { "none" } else { first };
        format!("SELECT create_distributed_table('{table}', '{COLUMN}', colocate_with => '{with}')")
    });
    let copied = everywhere
        .clone()
        .map(|table| format!("SELECT create_reference_table('{table}')"));
    let freed = by_repository
        .chain(everywhere)
        .map(|table| format!("SELECT truncate_local_data_after_distributing_table('{table}')"));
    spread.chain(copied).chain(freed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_done_is_to_be_done() {
        let all = steps(&[]);
        assert_eq!(all.len(), 2 * (BY_REPOSITORY.len() + EVERYWHERE.len()));
        assert!(all[0].contains("'code_chunks', 'repository', colocate_with => 'none'"));
        let done: Vec<String> = BY_REPOSITORY[..13]
            .iter()
            .map(ToString::to_string)
            .collect();
        let left = steps(&done);
        assert_eq!(left.len(), 4);
        assert!(left[0].contains("'shards', 'repository', colocate_with => 'code_chunks'"));
    }
}
