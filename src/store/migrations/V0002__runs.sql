-- What each run did, and which files failed.

CREATE TABLE runs (
    repository   text        NOT NULL,
    run_id       uuid        NOT NULL DEFAULT gen_random_uuid(),
    started_at   timestamptz NOT NULL DEFAULT now(),
    -- Empty while it runs, and for ever if it was killed.
    ended_at     timestamptz,
    exit_code    smallint,
    -- Why it failed, in one line.
    error        text,
    version      text        NOT NULL,
    host         text        NOT NULL,
    pid          bigint      NOT NULL,
    -- The directory that was walked, relative to the root; empty for the root.
    folder       text        NOT NULL,
    commit_hash  text,
    branch       text,
    -- Whether the checkout had changes that were not committed.
    dirty        boolean,
    recipe       bytea       NOT NULL CHECK (length(recipe) = 32),
    provider     text        NOT NULL,
    text_model   text,
    code_model   text,
    sequential   boolean     NOT NULL,
    indexed      bigint      NOT NULL DEFAULT 0,
    unchanged    bigint      NOT NULL DEFAULT 0,
    failed       bigint      NOT NULL DEFAULT 0,
    retired      bigint      NOT NULL DEFAULT 0,
    -- Paths left out, by reason.
    skipped      jsonb       NOT NULL DEFAULT '{}'::jsonb,
    chunks       bigint      NOT NULL DEFAULT 0,
    tokens       bigint      NOT NULL DEFAULT 0,
    -- Milliseconds: wall, read, chunk, embed, store.
    times        jsonb       NOT NULL DEFAULT '{}'::jsonb,
    -- Bytes.
    peak_memory  bigint,
    PRIMARY KEY (repository, run_id)
);
CREATE INDEX idx_runs_repository_time ON runs (repository, started_at DESC);

-- A file's entry is replaced when it fails again and goes when it succeeds.
CREATE INDEX IF NOT EXISTS idx_indexing_errors_repository_file ON indexing_errors (repository, file_path);
