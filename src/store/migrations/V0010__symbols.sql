-- What each file says to the others, what ties to nothing, and what the edges
-- between files were made from.

-- Written in the transaction of the file; read whole by the graph.
CREATE TABLE file_symbols (
    repository text  NOT NULL,
    file_path  text  NOT NULL,
    symbols    bytea NOT NULL,
    PRIMARY KEY (repository, file_path)
);

-- Written by the graph: for each file a list of references.
CREATE TABLE file_references (
    repository  text  NOT NULL,
    file_path   text  NOT NULL,
    open        jsonb NOT NULL,
    PRIMARY KEY (repository, file_path)
);

-- One row for each reference that ties to nothing in the repository. Without a
-- package nobody knows what it is; with one it is outside.
CREATE VIEW open_references AS
SELECT f.repository, f.file_path, r.node_id, r.relation, r.name, r.line, r.col, r.package
FROM file_references f CROSS JOIN LATERAL jsonb_to_recordset(f.open)
    AS r (node_id uuid, relation text, name text, line integer, col integer, package text);

-- What the edges between the files of a repository were made from: if that is
-- the same again, so are they.
CREATE TABLE graphs (
    repository text        NOT NULL,
    made_from  bytea       NOT NULL CHECK (length(made_from) = 32),
    made_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository)
);
