"""The pools that are searched: sources of pinned packages, their functions'
comments blanked, and a query for each function that had one."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import packages
import python_queries
from sentence import first_sentence, spells

HERE = Path(__file__).resolve().parent

PYTHON = (("celery", "celery"), ("werkzeug", "src"), ("Jinja2", "src"), ("click", "src"))
TYPESCRIPT = tuple(
    (name, "src")
    for name in (
        "rxjs",
        "mobx",
        "immer",
        "redux",
        "reselect",
        "@reduxjs/toolkit",
        "@trpc/server",
        "@trpc/client",
        "@tanstack/query-core",
    )
)
TESTS = {"tests", "__tests__", "test", "spec"}


@dataclass(frozen=True)
class Query:
    """A sentence, and the one function that it was about."""

    text: str
    path: str
    name: str
    line: int  # of its name


@dataclass(frozen=True)
class Pool:
    name: str
    tree: Path
    queries: tuple


def python():
    return composed("python", PYTHON, (".py",), blank_python)


def typescript():
    return composed("typescript", TYPESCRIPT, (".ts", ".tsx"), blank_typescript)


ALL = {"python": python, "typescript": typescript}


def composed(name, parts, suffixes, blank):
    tree = packages.cache() / "search" / name
    shutil.rmtree(tree, ignore_errors=True)
    queries = []
    for package, below in parts:
        source = packages.package(package) / below
        inside = Path(package.replace("@", "").replace("/", "-"))
        for path, symbol, line, comment in blank(source, tree / inside, files(source, suffixes)):
            sentence = first_sentence(comment)
            if sentence and sentence[0] not in "@:" and not spells(sentence, symbol):
                queries.append(Query(sentence, (inside / path).as_posix(), symbol, line))
    return Pool(name, tree, tuple(unique(queries)))


def unique(queries):
    """Without the sentences that several functions have: they have no one answer."""
    counts = {}
    for query in queries:
        counts[query.text.lower()] = counts.get(query.text.lower(), 0) + 1
    return [query for query in queries if counts[query.text.lower()] == 1]


def files(source, suffixes):
    found = (path.relative_to(source) for path in source.rglob("*") if path.suffix in suffixes)
    return sorted(path.as_posix() for path in found if not TESTS & set(path.parts) and not path.name.endswith(".d.ts"))


def blank_python(source, target, paths):
    for path in paths:
        text, documented = python_queries.blanked((source / path).read_text(encoding="utf-8"))
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
        for name, line, comment in documented:
            yield path, name, line, comment


def blank_typescript(source, target, paths):
    script = HERE / "typescript_queries.js"
    words = ["node", script, packages.package("typescript"), source, target]
    for row in packages.run(*words, input="\n".join(paths)).splitlines():
        yield json.loads(row)


def narrowed(pool, queries):
    return replace(pool, queries=tuple(queries))
