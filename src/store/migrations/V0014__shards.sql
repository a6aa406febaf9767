-- Several machines index one repository: each takes a shard of its files, and
-- `finish` does what needs all of them.

-- The newest run of each shard, and what it was about: shards of one walk agree
-- in all of it.
CREATE TABLE shards (
    repository  text        NOT NULL,
    -- From 1.
    shard       integer     NOT NULL,
    shards      integer     NOT NULL,
    run_id      uuid        NOT NULL,
    commit_hash text,
    folder      text        NOT NULL,
    recipe      bytea       NOT NULL CHECK (length(recipe) = 32),
    -- Of the options that decide which files belong.
    rules       bytea       NOT NULL CHECK (length(rules) = 32),
    started_at  timestamptz NOT NULL DEFAULT now(),
    -- Empty until it came to its end and saw all of its part.
    ended_at    timestamptz,
    -- The walk could not see everything: nothing may be retired.
    withheld    boolean     NOT NULL DEFAULT false,
    -- Set by `finish`.
    finished_at timestamptz,
    PRIMARY KEY (repository, shard)
);

-- Whose list of gone files an entry is on; 0 for a run of all files.
ALTER TABLE retiring ADD COLUMN shard integer NOT NULL DEFAULT 0;

-- Which shard a run did, of how many; empty for a run of all files.
ALTER TABLE runs ADD COLUMN shard integer, ADD COLUMN shards integer;
