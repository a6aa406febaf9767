"""Whether two databases hold the same index, row for row.

All columns count but times, what tells one run from another, and the commit;
vectors are equal from a cosine of 0.9999 on, PageRank and what is made from it
within 1e-9.
"""

import json
import math
import subprocess
from operator import mul

TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND relname NOT IN ('runs', 'shards', 'retiring', 'mnemo_schema_history') ORDER BY 1"""
TIMES = (
    "indexed_at", "created_at", "updated_at", "computed_at", "recorded_at", "made_at",
    "occurred_at", "last_modified",
)
OF_A_RUN = ("commit_hash", "error_id")
VECTORS = ("embedding_text", "embedding_code", "embedding_text_half", "embedding_code_half")
RANKS = {"computed_metrics": ("metric_id", "pagerank_score"), "edge_weights": ("weight_id", "importance_score")}
LEAST_COSINE = 0.9999
MOST_OF_A_RANK = 1e-9


def ask(psql, url, question):
    """The rows of a query, one after another."""
    words = [psql, url, "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "FETCH_COUNT=1000", "-c", question]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"psql: {done.stderr.strip()}")
    return done.stdout.splitlines()


def differences(psql, found, expected):
    """What differs between two databases: a list of sentences, and how many rows there are."""
    faults, count = [], 0
    tables = ask(psql, expected, TABLES)
    if tables != ask(psql, found, TABLES):
        faults.append("the tables differ")
    for table in tables:
        rows = [sorted(ask(psql, url, rows_of(table))) for url in (found, expected)]
        count += len(rows[1])
        faults += of_rows(table, *rows)
    for column in VECTORS:
        faults += of_vectors(column, *(pairs(psql, url, "code_chunks", "id", column) for url in (found, expected)))
    for table, (key, column) in RANKS.items():
        faults += of_ranks(table, *(pairs(psql, url, table, key, column) for url in (found, expected)))
    return faults, count


def rows_of(table):
    left_out = [*TIMES, *OF_A_RUN, *VECTORS, *(column for _, column in RANKS.values())]
    return f"SELECT to_jsonb(t) - '{{{','.join(left_out)}}}'::text[] FROM {table} t"


def of_rows(table, found, expected):
    if found == expected:
        return []
    lost, extra = set(expected) - set(found), set(found) - set(expected)
    example = next(iter(sorted(lost) or sorted(extra)), "one stands twice")
    return [f"{table}: {len(lost)} lost, {len(extra)} too many, as {example[:300]}"]


def pairs(psql, url, table, key, column):
    question = f"SELECT {key}, {column}::text FROM {table} WHERE {column} IS NOT NULL"
    return dict(line.split("|", 1) for line in ask(psql, url, question))


def of_vectors(column, found, expected):
    if found.keys() != expected.keys():
        return [f"{column}: other chunks have vectors"]
    changed = [key for key in expected if found[key] != expected[key]]
    cosines = [cosine(json.loads(found[key]), json.loads(expected[key])) for key in changed]
    least = min(cosines, default=1.0)
    return [f"{column}: cosine {least:.6f}"] if not least >= LEAST_COSINE else []


def cosine(a, b):
    length = math.sqrt(sum(map(mul, a, a)) * sum(map(mul, b, b)))
    return sum(map(mul, a, b)) / length if length else float(a == b)


def of_ranks(table, found, expected):
    if found.keys() != expected.keys():
        return [f"{table}: other rows have ranks"]
    most = max((abs(float(found[key]) - float(expected[key])) for key in expected), default=0.0)
    return [f"{table}: ranks differ by {most:.2e}"] if not most <= MOST_OF_A_RANK else []
