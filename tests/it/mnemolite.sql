-- MnemoLite's side of the database: the tables as its own migrations leave them, then the
-- questions its API, graph page and tools ask. A compatible indexer works on these tables and gives each question a right answer.
-- $REPO stands for the repository's name.

CREATE EXTENSION IF NOT EXISTS vector;
-- CREATE EXTENSION IF NOT EXISTS pg_trgm;   -- present in MnemoLite's own database; the three trigram indexes below need it

CREATE TABLE IF NOT EXISTS code_chunks (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    file_path           text NOT NULL,
    language            text NOT NULL,
    chunk_type          text NOT NULL,
    name                text,
    source_code         text NOT NULL,
    start_line          integer,
    end_line            integer,
    embedding_text      vector(768),
    embedding_code      vector(768),
    metadata            jsonb NOT NULL DEFAULT '{}'::jsonb,
    indexed_at          timestamptz NOT NULL DEFAULT now(),
    last_modified       timestamptz,
    node_id             uuid,
    repository          text,
    commit_hash         text,
    name_path           text,
    embedding_text_half halfvec(768),
    embedding_code_half halfvec(768),
    return_type         text GENERATED ALWAYS AS (metadata ->> 'return_type') STORED
);
CREATE INDEX IF NOT EXISTS idx_code_emb_text_half ON code_chunks USING hnsw (embedding_text_half halfvec_cosine_ops) WITH (m = 16, ef_construction = 128);
CREATE INDEX IF NOT EXISTS idx_code_emb_code_half ON code_chunks USING hnsw (embedding_code_half halfvec_cosine_ops) WITH (m = 16, ef_construction = 128);
CREATE INDEX IF NOT EXISTS idx_code_metadata ON code_chunks USING gin (metadata jsonb_path_ops);
CREATE INDEX IF NOT EXISTS idx_code_language ON code_chunks (language);
CREATE INDEX IF NOT EXISTS idx_code_type ON code_chunks (chunk_type);
CREATE INDEX IF NOT EXISTS idx_code_file ON code_chunks (file_path);
CREATE INDEX IF NOT EXISTS idx_code_chunks_name_path ON code_chunks (name_path);
CREATE INDEX IF NOT EXISTS idx_code_chunks_repository ON code_chunks (repository);
-- CREATE INDEX idx_code_source_trgm / idx_code_name_trgm / idx_code_chunks_name_path_trgm … USING gin (… gin_trgm_ops);

-- Readers search the half columns; in MnemoLite's own database a trigger fills them.
CREATE OR REPLACE FUNCTION sync_halfvec_embeddings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.embedding_text IS NOT NULL THEN NEW.embedding_text_half := NEW.embedding_text::halfvec(768); END IF;
    IF NEW.embedding_code IS NOT NULL THEN NEW.embedding_code_half := NEW.embedding_code::halfvec(768); END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS trg_sync_halfvec_embeddings ON code_chunks;
CREATE TRIGGER trg_sync_halfvec_embeddings BEFORE INSERT OR UPDATE OF embedding_text, embedding_code ON code_chunks FOR EACH ROW EXECUTE FUNCTION sync_halfvec_embeddings();

CREATE TABLE IF NOT EXISTS nodes (
    node_id uuid PRIMARY KEY, node_type text NOT NULL, label text, properties jsonb DEFAULT '{}'::jsonb, created_at timestamptz DEFAULT now());
CREATE INDEX IF NOT EXISTS nodes_type_idx ON nodes (node_type);
CREATE INDEX IF NOT EXISTS idx_nodes_name ON nodes ((properties ->> 'name'));
CREATE INDEX IF NOT EXISTS idx_nodes_repository_name ON nodes ((properties ->> 'repository'), (properties ->> 'name'));

CREATE TABLE IF NOT EXISTS edges (
    edge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), source_node_id uuid NOT NULL, target_node_id uuid NOT NULL, relation_type text NOT NULL,
    properties jsonb DEFAULT '{}'::jsonb, created_at timestamptz DEFAULT now(), weight float DEFAULT 1.0, is_external boolean DEFAULT false);
CREATE INDEX IF NOT EXISTS edges_source_idx ON edges (source_node_id);
CREATE INDEX IF NOT EXISTS edges_target_idx ON edges (target_node_id);
CREATE INDEX IF NOT EXISTS edges_relation_type_idx ON edges (relation_type);

CREATE TABLE IF NOT EXISTS detailed_metadata (
    metadata_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE, chunk_id uuid NOT NULL REFERENCES code_chunks ON DELETE CASCADE,
    metadata jsonb, version integer DEFAULT 1, created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now(), UNIQUE (node_id, version));
CREATE TABLE IF NOT EXISTS computed_metrics (
    metric_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE, chunk_id uuid NOT NULL REFERENCES code_chunks ON DELETE CASCADE, repository text NOT NULL,
    cyclomatic_complexity integer DEFAULT 0, cognitive_complexity integer DEFAULT 0, lines_of_code integer DEFAULT 0, afferent_coupling integer DEFAULT 0, efferent_coupling integer DEFAULT 0,
    pagerank_score float, betweenness_centrality float, version integer DEFAULT 1, computed_at timestamp DEFAULT now(), UNIQUE (node_id, version));
CREATE TABLE IF NOT EXISTS edge_weights (
    weight_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), edge_id uuid NOT NULL REFERENCES edges ON DELETE CASCADE, call_count integer DEFAULT 1, importance_score float DEFAULT 1,
    is_critical_path boolean DEFAULT false, version integer DEFAULT 1, updated_at timestamp DEFAULT now(), UNIQUE (edge_id, version));
CREATE TABLE IF NOT EXISTS indexing_errors (
    error_id bigserial PRIMARY KEY, repository varchar(255) NOT NULL, file_path text NOT NULL,
    error_type varchar(100) NOT NULL CHECK (error_type IN ('parsing_error', 'encoding_error', 'chunking_error', 'embedding_error', 'persistence_error')),
    error_message text NOT NULL, error_traceback text, chunk_type varchar(50), language varchar(50), occurred_at timestamp DEFAULT now());

-- ── The three questions asked after a run ──────────────────────────────────────────────────────────────────────────────────────
-- SELECT COUNT(*), language FROM code_chunks WHERE repository = '$REPO' GROUP BY language;
-- SELECT COUNT(*), node_type FROM nodes WHERE properties->>'repository' = '$REPO' GROUP BY node_type;
-- SELECT COUNT(*), relation_type FROM edges e JOIN nodes n ON e.source_node_id = n.node_id WHERE n.properties->>'repository' = '$REPO' GROUP BY relation_type;

-- ── What the readers ask (the meaning; each must give a right, non-empty answer on an indexed repository) ───────────────────────
-- repositories:   SELECT DISTINCT properties->>'repository' FROM nodes;
-- orgchart nodes: SELECT node_id, label, properties->>'name', properties->>'file_path', properties->'imports', (properties->>'exports_count')::int, (properties->>'loc')::int, (properties->>'chunk_count')::int,
--                 properties->>'language' FROM nodes WHERE node_type = 'Module' AND properties->>'repository' = '$REPO' ORDER BY properties->>'name';
-- orgchart edges: SELECT source_node_id, target_node_id FROM edges WHERE relation_type = 'imports' with both ends among those nodes.
-- graph page:     newest nodes first, with properties name, file_path, start_line, end_line, cyclomatic_complexity, lines_of_code, parent_package, parent_module, and their edges with both ends on the page;
--                 nodes LEFT JOIN code_chunks ON (properties->>'chunk_id')::uuid = id.
-- metrics:        SELECT m.*, n.properties->>'name' FROM computed_metrics m JOIN nodes n USING (node_id) WHERE m.repository = '$REPO' AND m.version = 1 ORDER BY pagerank_score DESC NULLS LAST;
-- traversal:      WITH RECURSIVE over edges from one node, by relation_type, both directions, depth ≤ 3; start node by label or by properties->>'chunk_id'.
-- projects:       COUNT(DISTINCT file_path), COUNT(*), MAX(indexed_at), array_agg(DISTINCT language), SUM(end_line - start_line + 1) per repository.
-- dashboard:      AVG((metadata->'complexity'->>'cyclomatic')::int), SUM((metadata->'complexity'->>'lines_of_code')::int) over chunk_type IN ('function', 'method', 'class').
-- vector search:  SET LOCAL hnsw.iterative_scan = relaxed_order; SELECT id, source_code, name, name_path, language, chunk_type, file_path, metadata FROM code_chunks
--                 WHERE embedding_code_half IS NOT NULL AND repository = '$REPO' ORDER BY embedding_code_half <=> $1::halfvec LIMIT 100;
-- lexical search: trigram similarity on name, source_code, and on name_path when the query has a dot (threshold 0.3).
-- filters:        language =, chunk_type =, file_path LIKE, return_type ILIKE, EXISTS over jsonb_each_text(metadata->'param_types').
