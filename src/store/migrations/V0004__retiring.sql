-- Files that a walk has passed by, until they are retired: kept by the server,
-- so that neither a long list nor a lost connection is in a run's way.
CREATE TABLE retiring (
    repository text NOT NULL,
    file_path  text NOT NULL,
    PRIMARY KEY (repository, file_path)
);
