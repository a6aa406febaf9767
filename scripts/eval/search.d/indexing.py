"""The index of a pool, and what each role costs."""

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


def index(place, pool, precision, roles="text,code"):
    """Brings the index up to date; gives the summary of the run."""
    print(f"indexing {pool.name}: {roles}", file=sys.stderr)
    ran = place.index(pool.tree, ["--roles", roles, "--precision", precision])
    if ran.ended.exit != 0:
        raise Failure(f"indexing {pool.tree} failed: {' '.join(ran.problems)[:300]}", "try it by hand")
    return ran.summary


def cost(binary, pool, precision):
    """A new index, one role after the other: what each takes, as a table."""
    with home.temporary(binary, packages.cache() / "search", LIMIT) as place:
        spent = {"text": index(place, pool, precision, "text"), "code": index(place, pool, precision)}
        sizes = place.ask_object(SIZES, pool.name)
    rows = [[f"{role} vectors", *embedding(spent[role]), *stored(sizes, role)] for role in ROLES]
    rows.append(["words", "", "", *stored(sizes, "words")])
    print(table(["what it costs", "tokens", "embedding, all threads", "column", "its index"], rows))


def embedding(summary):
    return number(summary["tokens"]), seconds(summary["ms"]["embed"] / 1e3)


def stored(sizes, what):
    return megabytes(sizes[what]), megabytes(sizes[f"{what} index"])
