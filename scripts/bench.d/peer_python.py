"""What one would write in an afternoon: peer_python.py TREE MODEL URL.

Pieces of at most 2,000 characters at line ends, sentence-transformers in batches of
32, one row for each piece, an index on the vectors at the end.
"""

import sys
from pathlib import Path

import psycopg
from pgvector.psycopg import register_vector
from sentence_transformers import SentenceTransformer

TREE, MODEL, URL = sys.argv[1:]
LONGEST, ENDINGS = 2000, (".ts", ".tsx", ".js", ".py")
TABLE = """CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE peer_chunks (filename text, code text, embedding vector(384))"""
INDEX = "CREATE INDEX ON peer_chunks USING hnsw (embedding vector_cosine_ops)"


def pieces(text):
    piece = ""
    for line in text.splitlines(keepends=True):
        if piece and len(piece) + len(line) > LONGEST:
            yield piece
            piece = ""
        piece += line
    if piece.strip():
        yield piece


model = SentenceTransformer(MODEL, device="cpu")
with psycopg.connect(URL) as connection:
    connection.execute(TABLE)
    register_vector(connection)
    for path in sorted(Path(TREE).rglob("*")):
        if path.suffix in ENDINGS and path.is_file():
            texts = list(pieces(path.read_text(errors="replace")))
            vectors = model.encode(texts, batch_size=32, show_progress_bar=False)
            rows = [(str(path), text, vector) for text, vector in zip(texts, vectors)]
            connection.cursor().executemany("INSERT INTO peer_chunks VALUES (%s, %s, %s)", rows)
    connection.execute(INDEX)
