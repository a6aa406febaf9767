-- The tables that MnemoLite's API and pages read, and our own beside them.
--
-- This one file serves two kinds of database:
--   * one of ours: every CREATE below takes effect. Keys are (repository, id)
--     and foreign keys include the repository, so that each repository is a
--     unit of its own and the tables can be distributed by it.
--   * one that MnemoLite made: its tables exist, so their CREATEs do nothing,
--     and the ALTERs add what we need as nullable columns.
-- The width of the vectors is not known here; the code sets it right after.

CREATE EXTENSION IF NOT EXISTS vector;

-- ── What the readers search ─────────────────────────────────────────────────

CREATE TABLE IF NOT EXISTS code_chunks (
    id                  uuid        NOT NULL DEFAULT gen_random_uuid(),
    repository          text        NOT NULL,
    file_path           text        NOT NULL,
    language            text        NOT NULL,
    chunk_type          text        NOT NULL,
    name                text,
    name_path           text,
    source_code         text        NOT NULL,
    start_line          integer,
    end_line            integer,
    embedding_text      vector,
    embedding_code      vector,
    embedding_text_half halfvec,
    embedding_code_half halfvec,
    metadata            jsonb       NOT NULL DEFAULT '{}'::jsonb,
    node_id             uuid,
    commit_hash         text,
    last_modified       timestamptz,
    indexed_at          timestamptz NOT NULL DEFAULT now(),
    return_type         text        GENERATED ALWAYS AS (metadata ->> 'return_type') STORED,
    PRIMARY KEY (repository, id)
);
ALTER TABLE code_chunks
    ADD COLUMN IF NOT EXISTS repository          text,
    ADD COLUMN IF NOT EXISTS name_path           text,
    ADD COLUMN IF NOT EXISTS node_id             uuid,
    ADD COLUMN IF NOT EXISTS commit_hash         text,
    ADD COLUMN IF NOT EXISTS embedding_text_half halfvec,
    ADD COLUMN IF NOT EXISTS embedding_code_half halfvec;

CREATE INDEX IF NOT EXISTS idx_code_chunks_repository_file ON code_chunks (repository, file_path);
CREATE INDEX IF NOT EXISTS idx_code_metadata ON code_chunks USING gin (metadata jsonb_path_ops);
CREATE INDEX IF NOT EXISTS idx_code_language ON code_chunks (language);
CREATE INDEX IF NOT EXISTS idx_code_type ON code_chunks (chunk_type);
CREATE INDEX IF NOT EXISTS idx_code_file ON code_chunks (file_path);
CREATE INDEX IF NOT EXISTS idx_code_chunks_name_path ON code_chunks (name_path);

-- ── The graph ───────────────────────────────────────────────────────────────

CREATE TABLE IF NOT EXISTS nodes (
    node_id    uuid        NOT NULL,
    repository text        NOT NULL,
    file_path  text,
    node_type  text        NOT NULL,
    label      text,
    properties jsonb       DEFAULT '{}'::jsonb,
    created_at timestamptz DEFAULT now(),
    PRIMARY KEY (repository, node_id)
);
ALTER TABLE nodes
    ADD COLUMN IF NOT EXISTS repository text,
    ADD COLUMN IF NOT EXISTS file_path  text;

CREATE INDEX IF NOT EXISTS idx_nodes_repository_file ON nodes (repository, file_path);
CREATE INDEX IF NOT EXISTS idx_nodes_node_id ON nodes (node_id);
CREATE INDEX IF NOT EXISTS nodes_type_idx ON nodes (node_type);
CREATE INDEX IF NOT EXISTS idx_nodes_name ON nodes ((properties ->> 'name'));
CREATE INDEX IF NOT EXISTS idx_nodes_repository_name ON nodes ((properties ->> 'repository'), (properties ->> 'name'));

CREATE TABLE IF NOT EXISTS edges (
    edge_id        uuid             NOT NULL DEFAULT gen_random_uuid(),
    repository     text             NOT NULL,
    source_node_id uuid             NOT NULL,
    target_node_id uuid             NOT NULL,
    relation_type  text             NOT NULL,
    properties     jsonb            DEFAULT '{}'::jsonb,
    created_at     timestamptz      DEFAULT now(),
    weight         double precision DEFAULT 1.0,
    is_external    boolean          DEFAULT false,
    PRIMARY KEY (repository, edge_id),
    FOREIGN KEY (repository, source_node_id) REFERENCES nodes ON DELETE CASCADE,
    FOREIGN KEY (repository, target_node_id) REFERENCES nodes ON DELETE CASCADE
);
ALTER TABLE edges
    ADD COLUMN IF NOT EXISTS repository text;

CREATE INDEX IF NOT EXISTS idx_edges_repository_source ON edges (repository, source_node_id);
CREATE INDEX IF NOT EXISTS idx_edges_repository_target ON edges (repository, target_node_id);
CREATE INDEX IF NOT EXISTS edges_source_idx ON edges (source_node_id);
CREATE INDEX IF NOT EXISTS edges_target_idx ON edges (target_node_id);
CREATE INDEX IF NOT EXISTS edges_relation_type_idx ON edges (relation_type);

-- ── What is known of each node ──────────────────────────────────────────────

CREATE TABLE IF NOT EXISTS detailed_metadata (
    metadata_id uuid      NOT NULL DEFAULT gen_random_uuid(),
    repository  text      NOT NULL,
    node_id     uuid      NOT NULL,
    chunk_id    uuid      NOT NULL,
    metadata    jsonb,
    version     integer   DEFAULT 1,
    created_at  timestamp DEFAULT now(),
    updated_at  timestamp DEFAULT now(),
    PRIMARY KEY (repository, metadata_id),
    UNIQUE (repository, node_id, version),
    FOREIGN KEY (repository, node_id) REFERENCES nodes ON DELETE CASCADE,
    FOREIGN KEY (repository, chunk_id) REFERENCES code_chunks ON DELETE CASCADE
);
ALTER TABLE detailed_metadata
    ADD COLUMN IF NOT EXISTS repository text;
CREATE INDEX IF NOT EXISTS idx_detailed_metadata_repository_chunk ON detailed_metadata (repository, chunk_id);

CREATE TABLE IF NOT EXISTS computed_metrics (
    metric_id              uuid      NOT NULL DEFAULT gen_random_uuid(),
    repository             text      NOT NULL,
    node_id                uuid      NOT NULL,
    chunk_id               uuid      NOT NULL,
    cyclomatic_complexity  integer   DEFAULT 0,
    cognitive_complexity   integer   DEFAULT 0,
    lines_of_code          integer   DEFAULT 0,
    afferent_coupling      integer   DEFAULT 0,
    efferent_coupling      integer   DEFAULT 0,
    pagerank_score         double precision,
    betweenness_centrality double precision,
    version                integer   DEFAULT 1,
    computed_at            timestamp DEFAULT now(),
    PRIMARY KEY (repository, metric_id),
    UNIQUE (repository, node_id, version),
    FOREIGN KEY (repository, node_id) REFERENCES nodes ON DELETE CASCADE,
    FOREIGN KEY (repository, chunk_id) REFERENCES code_chunks ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS idx_computed_metrics_repository_chunk ON computed_metrics (repository, chunk_id);

CREATE TABLE IF NOT EXISTS edge_weights (
    weight_id        uuid             NOT NULL DEFAULT gen_random_uuid(),
    repository       text             NOT NULL,
    edge_id          uuid             NOT NULL,
    call_count       integer          DEFAULT 1,
    importance_score double precision DEFAULT 1,
    is_critical_path boolean          DEFAULT false,
    version          integer          DEFAULT 1,
    updated_at       timestamp        DEFAULT now(),
    PRIMARY KEY (repository, weight_id),
    UNIQUE (repository, edge_id, version),
    FOREIGN KEY (repository, edge_id) REFERENCES edges ON DELETE CASCADE
);
ALTER TABLE edge_weights
    ADD COLUMN IF NOT EXISTS repository text;

CREATE TABLE IF NOT EXISTS indexing_errors (
    error_id        bigserial,
    repository      varchar(255) NOT NULL,
    file_path       text         NOT NULL,
    error_type      varchar(100) NOT NULL CHECK (error_type IN
        ('parsing_error', 'encoding_error', 'chunking_error', 'embedding_error', 'persistence_error')),
    error_message   text         NOT NULL,
    error_traceback text,
    chunk_type      varchar(50),
    language        varchar(50),
    occurred_at     timestamp    DEFAULT now(),
    PRIMARY KEY (repository, error_id)
);
CREATE INDEX IF NOT EXISTS idx_indexing_errors_repository_time ON indexing_errors (repository, occurred_at DESC);

-- ── Ours alone ──────────────────────────────────────────────────────────────

-- What stands in the index for each file, and what it was made from: a file is
-- unchanged only if both digest and recipe are.
CREATE TABLE indexed_files (
    repository    text        NOT NULL,
    file_path     text        NOT NULL,
    language      text        NOT NULL,
    digest        bytea       NOT NULL CHECK (length(digest) = 32),
    recipe        bytea       NOT NULL CHECK (length(recipe) = 32),
    chunk_count   integer     NOT NULL,
    lines_of_code integer     NOT NULL,
    notes         text[]      NOT NULL DEFAULT '{}',
    indexed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository, file_path)
);

-- Which model made the vectors of each role.
CREATE TABLE embedding_models (
    role         text        PRIMARY KEY CHECK (role IN ('text', 'code')),
    model_id     text        NOT NULL,
    model_digest text        NOT NULL,
    width        integer     NOT NULL CHECK (width > 0),
    recorded_at  timestamptz NOT NULL DEFAULT now()
);

-- ── Trigrams ────────────────────────────────────────────────────────────────
-- The readers' lexical search needs pg_trgm, which not every server has; all
-- else works without it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE INDEX IF NOT EXISTS idx_code_source_trgm ON code_chunks USING gin (source_code gin_trgm_ops);
        CREATE INDEX IF NOT EXISTS idx_code_name_trgm ON code_chunks USING gin (name gin_trgm_ops);
        CREATE INDEX IF NOT EXISTS idx_code_chunks_name_path_trgm ON code_chunks USING gin (name_path gin_trgm_ops);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'pg_trgm was not installed: %', SQLERRM;
END
$$;
