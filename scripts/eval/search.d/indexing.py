"""The index of a pool, and what each role costs."""

import json
import sys
from contextlib import contextmanager

import home
import packages
from failure import Failure
from markdown import megabytes, number, seconds, table

LIMIT = 7200  # seconds for a run
ROLES = ("text", "code")

SIZES = """SELECT json_build_object(
    'text', (SELECT sum(pg_column_size(embedding_text) + pg_column_size(embedding_text_half)) FROM code_chunks),
    'code', (SELECT sum(pg_column_size(embedding_code) + pg_column_size(embedding_code_half)) FROM code_chunks),
    'text index', pg_relation_size('idx_code_emb_text_half'), 'code index', pg_relation_size('idx_code_emb_code_half'),
    'words', (SELECT sum(pg_column_size(search_words)) FROM code_chunks),
    'words index', pg_relation_size('idx_code_chunks_search_words'))"""


@contextmanager
def opened(binary, precision):
    """A home that stays, its server stopped at the end."""
    path = packages.cache() / "search" / f"home-{precision}"
    path.mkdir(parents=True, exist_ok=True)
    place = home.Home(binary, path, LIMIT)
    for name in home.INSTALLED:
        (path / name).unlink(missing_ok=True)
    place.link(home.installed_home().absolute())
    try:
        home.short([binary, "db", "start"], place.environment)
        yield place
    finally:
        place.stop()


def index(place, pool, precision):
    """Brings the index up to date; the first time one role after the other, so
    that it is known what each takes."""
    memory = place.path / f"{pool.name}.json"
    if not memory.exists():
        first = {"text": run(place, pool, precision, "text")}
        memory.write_text(json.dumps({**first, "code": run(place, pool, precision, "text,code")}))
    run(place, pool, precision, "text,code")
    return {**json.loads(memory.read_text()), "sizes": place.ask_object(SIZES, pool.name)}


def run(place, pool, precision, roles):
    print(f"indexing {pool.name}: {roles}", file=sys.stderr)
    ran = place.index(pool.tree, ["--roles", roles, "--precision", precision])
    if ran.ended.exit != 0:
        raise Failure(f"indexing {pool.tree} failed: {' '.join(ran.problems)[:300]}", "try it by hand")
    return ran.summary


def show(cost):
    sizes = cost["sizes"]
    rows = [
        [f"{role} vectors", number(cost[role]["tokens"]), seconds(cost[role]["ms"]["embed"] / 1e3), megabytes(sizes[role]), megabytes(sizes[f"{role} index"])]
        for role in ROLES
    ]
    rows.append(["words", "", "", megabytes(sizes["words"]), megabytes(sizes["words index"])])
    print(table(["what it costs", "tokens", "embedding, all threads", "column (all pools so far)", "its index"], rows))
