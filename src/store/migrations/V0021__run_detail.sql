-- What a report of a run shows besides its sums, bounded: samples of memory,
-- the slowest and the largest files, and the files that failed.
ALTER TABLE runs ADD COLUMN detail jsonb;
