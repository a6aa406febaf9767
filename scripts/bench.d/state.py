"""What stands in the database after a run."""

# Everything that a clean run gives again: the counts by kind, one hash over the
# rows of each table in the order of their ids, and the indexes, as those over
# vectors are made last and a killed run may not get there. Times and vectors are
# left out: the vectors' bits may depend on how the work fell to the threads.
END_STATE = """
WITH c AS (SELECT * FROM code_chunks WHERE repository = :'repository'),
     n AS (SELECT * FROM nodes WHERE repository = :'repository'),
     e AS (SELECT * FROM edges WHERE repository = :'repository')
SELECT json_build_object(
  'files', (SELECT count(*) FROM indexed_files WHERE repository = :'repository'),
  'chunks', (SELECT coalesce(json_object_agg(chunk_type, k), '{}')
             FROM (SELECT chunk_type, count(*) k FROM c GROUP BY 1 ORDER BY 2 DESC) x),
  'nodes', (SELECT coalesce(json_object_agg(node_type, k), '{}')
            FROM (SELECT node_type, count(*) k FROM n GROUP BY 1 ORDER BY 2 DESC) x),
  'edges', (SELECT coalesce(json_object_agg(relation_type, k), '{}')
            FROM (SELECT relation_type, count(*) k FROM e GROUP BY 1 ORDER BY 2 DESC) x),
  'chunk_hash', (SELECT md5(string_agg(id || md5(source_code), ',' ORDER BY id)) FROM c),
  'node_hash', (SELECT md5(string_agg(node_id || md5(coalesce(label, '')), ',' ORDER BY node_id)) FROM n),
  'edge_hash', (SELECT md5(string_agg(edge_id || relation_type, ',' ORDER BY edge_id)) FROM e),
  'indexes', (SELECT json_agg(indexrelid::regclass ORDER BY indexrelid::regclass::text)
              FROM pg_index WHERE indrelid = 'code_chunks'::regclass AND indisvalid));
"""

# Each counts what must never be there, whenever a run ended.
FAULTS = """
WITH f AS (SELECT * FROM indexed_files WHERE repository = :'repository'),
     c AS (SELECT * FROM code_chunks WHERE repository = :'repository'),
     n AS (SELECT * FROM nodes WHERE repository = :'repository')
SELECT json_build_object(
  'files without all their chunks',
    (SELECT count(*) FROM f WHERE chunk_count <>
       (SELECT count(*) FROM c WHERE c.file_path = f.file_path)),
  'files without a node',
    (SELECT count(*) FROM f WHERE NOT EXISTS (SELECT FROM n WHERE n.file_path = f.file_path)),
  'chunks of no file',
    (SELECT count(*) FROM c WHERE NOT EXISTS (SELECT FROM f WHERE f.file_path = c.file_path)),
  'nodes of no file',
    (SELECT count(*) FROM n WHERE n.file_path IS NOT NULL
       AND NOT EXISTS (SELECT FROM f WHERE f.file_path = n.file_path)),
  'chunks without a vector',
    (SELECT count(*) FROM c WHERE embedding_text IS NULL OR embedding_code IS NULL
       OR embedding_text_half IS NULL OR embedding_code_half IS NULL));
"""

STORED_FILES = "SELECT file_path FROM indexed_files WHERE repository = :'repository'"

# Word for word what a user asks after a run.
QUESTIONS = (
    "SELECT COUNT(*), language FROM code_chunks WHERE repository = '$REPO' GROUP BY language;",
    "SELECT COUNT(*), node_type FROM nodes WHERE properties->>'repository' = '$REPO' GROUP BY node_type;",
    "SELECT COUNT(*), relation_type FROM edges e JOIN nodes n ON e.source_node_id = n.node_id"
    " WHERE n.properties->>'repository' = '$REPO' GROUP BY relation_type;",
)


def end_state(home, repository):
    return home.ask_object(END_STATE, repository)


def differences(one, other):
    """Which parts of two end states differ."""
    return sorted(part for part in {**one, **other} if one.get(part) != other.get(part))


def faults(home, repository):
    """What is there and must not be, by what it is; empty if all is well."""
    counted = home.ask_object(FAULTS, repository)
    return {what: count for what, count in counted.items() if count}


def stored_files(home, repository):
    return {row[0] for row in home.ask(STORED_FILES, repository)}


def answers(home, repository):
    """The three questions, each with what it counts by kind."""
    asked = [question.replace("$REPO", repository) for question in QUESTIONS]
    rows = [home.ask(question, repository) for question in asked]
    return [(q, {kind: int(count) for count, kind in found}) for q, found in zip(asked, rows)]
