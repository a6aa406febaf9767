-- The words of each chunk, identifiers taken apart, for lexical search: of its
-- name with weight A, its name path B, signature and doc comment C, code D.
-- Written with the chunk; empty until a run writes its file again.
ALTER TABLE code_chunks ADD COLUMN IF NOT EXISTS search_words tsvector;

CREATE INDEX IF NOT EXISTS idx_code_chunks_search_words ON code_chunks USING gin (search_words);
