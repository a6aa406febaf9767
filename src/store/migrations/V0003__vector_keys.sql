-- What each vector was made from: the first 16 bytes of BLAKE3 of the model and
-- the embedded text. A text that was embedded before, in whatever file or
-- repository, gets the vector that is there.

ALTER TABLE code_chunks
    ADD COLUMN IF NOT EXISTS text_key uuid,
    ADD COLUMN IF NOT EXISTS code_key uuid;

CREATE INDEX IF NOT EXISTS idx_code_chunks_text_key ON code_chunks (text_key);
CREATE INDEX IF NOT EXISTS idx_code_chunks_code_key ON code_chunks (code_key);
