"""Indexes a tree with CocoIndex: peer_cocoindex.py TREE MODEL URL.

By the rules of its own example for code: its splitter with chunks of 1,000
characters, at least 300, 300 shared with the next, one vector for each by
sentence-transformers, into PostgreSQL with an index on the vectors. Its state is
kept where COCOINDEX_DB says.
"""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import asyncpg
import cocoindex
from cocoindex.connectors import localfs, postgres
from cocoindex.ops.sentence_transformers import SentenceTransformerEmbedder
from cocoindex.ops.text import RecursiveSplitter, detect_code_language
from cocoindex.resources.file import PatternFilePathMatcher
from cocoindex.resources.id import IdGenerator
from numpy.typing import NDArray

TREE, MODEL, URL = sys.argv[1:]
SIZES = {"chunk_size": 1000, "min_chunk_size": 300, "chunk_overlap": 300}
FILES = [f"**/*{ending}" for ending in (".ts", ".tsx", ".js", ".py")]
POOL = cocoindex.ContextKey[asyncpg.Pool]("peer_database")
EMBEDDER = cocoindex.ContextKey[SentenceTransformerEmbedder]("peer_embedder", detect_change=True)
splitter = RecursiveSplitter()


@dataclass
class Row:
    id: int
    filename: str
    code: str
    embedding: Annotated[NDArray, EMBEDDER]
    start_line: int
    end_line: int


@cocoindex.lifespan
async def resources(builder):
    async with await postgres.create_pool(URL) as pool:
        builder.provide(POOL, pool)
        builder.provide(EMBEDDER, SentenceTransformerEmbedder(MODEL, device="cpu"))
        yield


@cocoindex.fn
async def one_chunk(chunk, name: str, ids: IdGenerator, table) -> None:
    vector = await cocoindex.use_context(EMBEDDER).embed(chunk.text)
    number = await ids.next_id(chunk.text)
    lines = (chunk.start.line, chunk.end.line)
    table.declare_row(row=Row(number, name, chunk.text, vector, *lines))


@cocoindex.fn(memo=True)
async def one_file(file, table) -> None:
    path = file.file_path.path
    language = detect_code_language(filename=path.name)
    chunks = splitter.split(await file.read_text(), language=language, **SIZES)
    await cocoindex.map(one_chunk, chunks, str(path), IdGenerator(), table)


@cocoindex.fn
async def whole(tree: Path) -> None:
    columns = await postgres.TableSchema.from_class(Row, primary_key=["id"])
    table = await postgres.mount_table_target(POOL, table_name="peer_chunks", table_schema=columns)
    table.declare_vector_index(column="embedding")
    files = localfs.walk_dir(
        tree, recursive=True, path_matcher=PatternFilePathMatcher(included_patterns=FILES)
    )
    await cocoindex.mount_each(one_file, files.items(), table)


app = cocoindex.App(cocoindex.AppConfig(name="Peer"), whole, tree=Path(TREE))


async def update():
    async with cocoindex.runtime():
        await app.update()


asyncio.run(update())
