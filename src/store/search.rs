//! The question of a search: three rankings, joined in one statement.
//!
//! Rankings are joined by the places in them (reciprocal rank fusion), since a
//! cosine and a lexical score have no common measure. The lexical one is after
//! BM25: of each word how rare it is, times how often and where the chunk has
//! it. Rare words choose the chunks that are looked at, and common ones only
//! count in them, so that a query with a word of every second chunk stays quick.
//! How common a word is comes from the planner's own statistics.

use pgvector::Vector;
use postgres::Row;
use postgres::types::ToSql;
use uuid::Uuid;

use super::archive::Archive;
use super::error::StoreError;
use crate::names::RepositoryName;
use crate::search::{Found, Places, Question, Weights};

/// How many of each ranking are joined.
const CANDIDATES: i64 = 100;

/// The constant of reciprocal rank fusion. Its authors have 60, for rankings of
/// a thousand; of a hundred with one right answer the first places say more, by
/// `scripts/eval/search`.
const FUSION: f64 = 10.0;

/// Chunks that the words of a query may choose together.
const CHOSEN: i64 = 4_000;

/// What a word weighs in the code, in signature and doc comment, in the name
/// path, and in the name.
const FIELDS: [f32; 4] = [0.2, 0.4, 0.6, 1.0];

/// Different words of an average chunk, and how much of a score depends on the
/// length.
const LENGTH: (f64, f64) = (60.0, 0.3);

/// If so few chunks pass the filter, all of them are compared: quicker than the
/// index, which would pass over most of what it finds.
const FEW: i64 = 5_000;

/// What an index scan looks at in search of chunks that pass the filter.
const SCANNED: i64 = 200_000;

/// `$1` to `$5`: which chunks are looked at.
const FILTER: &str = "
    ($1::text IS NULL OR c.repository = $1) AND ($2::text IS NULL OR c.language = $2)
    AND ($3::text[] IS NULL OR c.chunk_type = ANY ($3)) AND ($4::text IS NULL OR c.file_path ~ $4)
    AND ($5::uuid IS NULL OR c.id <> $5)";

/// Settings of the session; those that the server does not know are left out, as
/// some are by pgvector before 0.8. The words of the chunks that are looked at
/// take more than the 4 MB that a server gives a step by default.
const SETTINGS: &str = "
    SELECT set_config(s.name, wanted.value, false)
    FROM pg_settings s JOIN (VALUES ('hnsw.iterative_scan', 'relaxed_order'), ('hnsw.ef_search', $1::text),
        ('hnsw.max_scan_tuples', $2::text), ('plan_cache_mode', 'force_custom_plan'),
        ('work_mem', '64MB')) AS wanted (name, value)
        USING (name)";

/// One ranking by vectors: `column` compared with the parameter `vector`.
fn nearest(name: &str, column: &str, vector: &str) -> String {
    format!(
        "{name} AS (
            SELECT repository, id, row_number() OVER (ORDER BY distance, id) AS place
            FROM (SELECT c.repository, c.id, c.{column} <=> {vector}::vector::halfvec AS distance
                FROM code_chunks c
                WHERE {vector}::vector IS NOT NULL AND c.{column} IS NOT NULL AND {FILTER}
                ORDER BY c.{column} <=> {vector}::vector::halfvec LIMIT {CANDIDATES}) found)"
    )
}

/// The ranking by words. What is joined to an empty vector of words is read from
/// its place on disk once, and not for each word of the query.
fn by_words() -> String {
    let [code, text, path, name] = FIELDS;
    let (average, share) = LENGTH;
    format!(
        "common AS (
            SELECT lexeme, frequency FROM pg_stats,
                unnest(most_common_elems::text::text[], most_common_elem_freqs) AS e (lexeme, frequency)
            WHERE schemaname = (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'code_chunks'::regclass)
                AND tablename = 'code_chunks' AND attname = 'search_words' AND lexeme IS NOT NULL
        ), lexemes AS (
            SELECT quote_literal(lexeme)::tsquery AS lexeme, frequency,
                sum(coalesce(frequency, 0)) OVER rarest AS reach, row_number() OVER rarest AS number
            FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.english', $6))) AS lexeme
            LEFT JOIN common USING (lexeme)
            WINDOW rarest AS (ORDER BY coalesce(frequency, 0), lexeme)
        ), size AS (
            SELECT CASE WHEN $1::text IS NULL
                THEN (SELECT reltuples::float8 FROM pg_class WHERE oid = 'code_chunks'::regclass)
                ELSE (SELECT sum(chunk_count)::float8 FROM indexed_files WHERE repository = $1) END AS chunks,
                (SELECT reltuples::float8 FROM pg_class WHERE oid = 'code_chunks'::regclass) AS all_chunks
        ), choosing AS (
            SELECT string_agg(lexeme::text, ' | ')::tsquery AS any_of
            FROM lexemes, size WHERE number = 1 OR reach * all_chunks <= {CHOSEN}
        ), chosen AS MATERIALIZED (
            SELECT c.repository, c.id, c.search_words || ''::tsvector AS search_words
            FROM choosing JOIN code_chunks c ON c.search_words @@ any_of WHERE {FILTER}
        ), rated AS MATERIALIZED (
            SELECT lexeme, ln(1 + 1 / coalesce(frequency,
                (chunks_with + 0.5) / (greatest(chunks, chunks_with) + 1))) AS rarity
            FROM lexemes CROSS JOIN size CROSS JOIN LATERAL (
                SELECT count(*) AS chunks_with FROM chosen WHERE frequency IS NULL AND search_words @@ lexeme) counted
        ), lexical AS (
            SELECT repository, id, row_number() OVER (ORDER BY score DESC, id) AS place
            FROM (SELECT repository, id, (
                    SELECT sum(ts_rank('{{{code}, {text}, {path}, {name}}}', search_words, lexeme) * rarity)
                    FROM rated WHERE search_words @@ lexeme
                ) / (1 - {share}::float8 + {share}::float8 * length(search_words) / {average}::float8) AS score
                FROM chosen ORDER BY score DESC, id LIMIT {CANDIDATES}) best)"
    )
}

fn statement() -> String {
    let text = nearest("text", "embedding_text_half", "$7");
    let code = nearest("code", "embedding_code_half", "$8");
    let lexical = by_words();
    format!(
        "WITH {text}, {code}, {lexical}, joined AS (
            SELECT repository, id, sum(weight / ({FUSION} + place)) AS score,
                min(place) FILTER (WHERE ranking = 't') AS text, min(place) FILTER (WHERE ranking = 'c') AS code,
                min(place) FILTER (WHERE ranking = 'l') AS lexical
            FROM (SELECT 't' AS ranking, $9::float8 AS weight, * FROM text
                UNION ALL SELECT 'c', $10::float8, * FROM code
                UNION ALL SELECT 'l', $11::float8, * FROM lexical) places
            GROUP BY repository, id ORDER BY score DESC, id LIMIT $12)
        SELECT c.repository, c.file_path, c.language, coalesce(c.start_line, 1), coalesce(c.end_line, 1), c.chunk_type,
            coalesce(c.name, ''), coalesce(c.metadata ->> 'qualname', ''), coalesce(c.name_path, ''),
            coalesce(c.metadata -> 'is_test' = 'true', false), c.source_code, j.score, j.text, j.code, j.lexical,
            (SELECT count(*) FROM text), (SELECT count(*) FROM code)
        FROM joined j JOIN code_chunks c ON c.repository = j.repository AND c.id = j.id
        ORDER BY j.score DESC, c.id"
    )
}

/// A chunk whose neighbours are asked for.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its repository.
    pub repository: String,
    /// Its id.
    pub id: Uuid,
    /// Its vector in the TEXT role.
    pub text: Option<Vec<f32>>,
    /// Its vector in the CODE role.
    pub code: Option<Vec<f32>>,
}

impl Archive {
    /// Gets the session ready for [`Archive::search`].
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn prepare_search(&mut self) -> Result<(), StoreError> {
        let prepared = StoreError::sql("set up the session");
        // The first vector loads pgvector's library, and its settings with it.
        self.client
            .batch_execute("SELECT '[1]'::vector")
            .map_err(&prepared)?;
        let (list, scanned) = (CANDIDATES.to_string(), SCANNED.to_string());
        self.client
            .execute(SETTINGS, &[&list, &scanned])
            .map(drop)
            .map_err(&prepared)
    }

    /// The chunks that answer the question best, best first; more than are
    /// shown, for a closer look at them.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn search(&mut self, question: &Question) -> Result<Vec<Found>, StoreError> {
        let parameters = Parameters::of(question);
        let passes_few = self.passes_few(&parameters)?;
        let joined = self.joined(&parameters, passes_few)?;
        if joined.is_short && !passes_few {
            // What an approximate index finds need not be all there is.
            return self.joined(&parameters, true).map(|joined| joined.found);
        }
        Ok(joined.found)
    }

    /// Whether no more than [`FEW`] chunks pass the filter.
    fn passes_few(&mut self, parameters: &Parameters) -> Result<bool, StoreError> {
        let question = format!(
            "SELECT count(*) FROM (SELECT FROM code_chunks c WHERE {FILTER} LIMIT {FEW} + 1) passing"
        );
        self.client
            .query_one(&question, &parameters.filter())
            .map(|row| row.get::<_, i64>(0) <= FEW)
            .map_err(StoreError::sql("count what is searched"))
    }

    /// Asks the question; `exactly` does without indexes that are approximate.
    fn joined(&mut self, parameters: &Parameters, exactly: bool) -> Result<Joined, StoreError> {
        let asked = StoreError::sql("search the index");
        let mut transaction = self.client.transaction().map_err(&asked)?;
        if exactly {
            transaction
                .batch_execute("SET LOCAL enable_indexscan = off")
                .map_err(&asked)?;
        }
        let rows = transaction
            .query(&statement(), &parameters.all())
            .map_err(&asked)?;
        transaction.commit().map_err(&asked)?;
        Ok(Joined::of(&rows, parameters))
    }

    /// The smallest chunk at a line of a file, or the nearest to it, in each
    /// repository that has the file.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn examples(
        &mut self,
        repository: Option<&RepositoryName>,
        (path, line): (&str, u32),
    ) -> Result<Vec<Example>, StoreError> {
        let repository = repository.map(RepositoryName::as_str);
        let line = i32::try_from(line).unwrap_or(i32::MAX);
        self.client
            .query(EXAMPLES, &[&repository, &path, &line])
            .map(|rows| rows.iter().map(Example::of).collect())
            .map_err(StoreError::sql("look for the chunk at the line"))
    }
}

const EXAMPLES: &str = "
    SELECT DISTINCT ON (repository) repository, id, embedding_text, embedding_code
    FROM code_chunks WHERE ($1::text IS NULL OR repository = $1) AND file_path = $2
    ORDER BY repository, greatest(start_line - $3, $3 - end_line, 0), end_line - start_line, start_line DESC, id";

impl Example {
    fn of(row: &Row) -> Self {
        let vector = |column| {
            row.get::<_, Option<Vector>>(column)
                .map(|vector| vector.to_vec())
        };
        Self {
            repository: row.get(0),
            id: row.get(1),
            text: vector(2),
            code: vector(3),
        }
    }
}

/// A question as the server takes it.
struct Parameters<'a> {
    repository: Option<&'a str>,
    language: Option<&'a str>,
    kinds: Option<&'a [String]>,
    path: Option<&'a str>,
    except: Option<Uuid>,
    words: &'a str,
    text: Option<Vector>,
    code: Option<Vector>,
    weights: Weights,
    count: i64,
}

impl<'a> Parameters<'a> {
    fn of(question: &'a Question) -> Self {
        let Question {
            filter, weights, ..
        } = question;
        let vector = |vector: Option<&[f32]>| vector.map(|vector| Vector::from(vector.to_vec()));
        Self {
            repository: filter.repository.as_ref().map(RepositoryName::as_str),
            language: filter.language.as_deref(),
            kinds: filter.kinds.as_deref(),
            path: filter.path.as_deref(),
            except: question.except,
            words: question.words,
            text: vector(question.text),
            code: vector(question.code),
            weights: *weights,
            count: i64::try_from(question.count).unwrap_or(i64::MAX),
        }
    }

    fn filter(&self) -> [&(dyn ToSql + Sync); 5] {
        [
            &self.repository,
            &self.language,
            &self.kinds,
            &self.path,
            &self.except,
        ]
    }

    fn all(&self) -> [&(dyn ToSql + Sync); 12] {
        let [repository, language, kinds, path, except] = self.filter();
        [
            repository,
            language,
            kinds,
            path,
            except,
            &self.words,
            &self.text,
            &self.code,
            &self.weights.text,
            &self.weights.code,
            &self.weights.lexical,
            &self.count,
        ]
    }
}

/// What the statement gave.
struct Joined {
    found: Vec<Found>,
    /// Whether a ranking by vectors has fewer than it could.
    is_short: bool,
}

impl Joined {
    fn of(rows: &[Row], parameters: &Parameters) -> Self {
        let count = |column: usize| rows.first().map_or(0, |row| row.get::<_, i64>(column));
        let is_short =
            |vector: &Option<Vector>, column| vector.is_some() && count(column) < CANDIDATES;
        Self {
            is_short: is_short(&parameters.text, 15) || is_short(&parameters.code, 16),
            found: rows.iter().map(found).collect(),
        }
    }
}

fn found(row: &Row) -> Found {
    let line = |column: usize| u32::try_from(row.get::<_, i32>(column)).unwrap_or(0);
    Found {
        repository: row.get(0),
        file_path: row.get(1),
        language: row.get(2),
        start_line: line(3),
        end_line: line(4),
        chunk_type: row.get(5),
        name: row.get(6),
        qualname: row.get(7),
        name_path: row.get(8),
        is_test: row.get(9),
        source_code: row.get(10),
        score: row.get(11),
        places: Places {
            text: row.get(12),
            code: row.get(13),
            lexical: row.get(14),
        },
    }
}
