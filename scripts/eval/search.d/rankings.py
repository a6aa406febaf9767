"""Where each ranking puts the right answers."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import measures
import packages
from failure import Failure

HERE = Path(__file__).resolve().parent
TOOLS = ("rank-bm25==0.2.2", "numpy==2.2.6")
LIMIT = 1800  # seconds for all queries of a ranking

# The options that make each ranking, by the name it has in the tables.
OURS = {
    "lexical": ["--plain", "--weights", "text=0,code=0"],
    "text vectors": ["--plain", "--weights", "code=0,lexical=0"],
    "code vectors": ["--plain", "--weights", "text=0,lexical=0"],
    "all, joined": ["--plain"],
    "all, and the last look": [],
}
WHOLE = "all, and the last look"

CHUNKS = """SELECT json_build_array(file_path, coalesce(metadata->>'qualname', ''), chunk_type, start_line, end_line,
    coalesce(name_path, ''), source_code) FROM code_chunks WHERE repository = :'repository' ORDER BY file_path, start_line, id;"""


@dataclass(frozen=True)
class Ranking:
    places: list  # of the right answer to each query, None where it is not among the first ten
    times: list  # milliseconds for each query, without loading


def chunks(place, repository):
    return [json.loads(row[0]) for row in place.ask(CHUNKS, repository)]


def right(chunks, queries):
    """The definition that each query asks for: (file, qualname, kind), None
    where no chunk has the function's name: it is an inner part of another."""
    at = {}
    for path, qualname, kind, start, end, *_ in chunks:
        for line in range(start, end + 1):
            at.setdefault((path, line, qualname.rsplit(".", 1)[-1]), (path, qualname, kind))
    return [at.get((query.path, query.line, query.name)) for query in queries]


def of_ours(place, pool, answers, options):
    words = [place.binary, "search", "-", "--repository", pool.name, "--json", *options]
    lines = "".join(query.text + "\n" for query in pool.queries)
    done = subprocess.run(words, input=lines, env=place.environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    if done.returncode != 0:
        raise Failure(f"search ended with {done.returncode}: {done.stderr.strip()}", "try it by hand")
    hits, times = [[] for _ in pool.queries], []
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "hit":
            hits[event["query"] - 1].append((event["file_path"], event["qualname"], event["chunk_type"]))
        else:
            times.append(event["ms"])
    return Ranking([place_of(answer, found) for answer, found in zip(answers, hits, strict=True)], times[1:])


def of_bm25(chunks, pool, answers, with_path):
    """Over the same chunks: their source, and their name path with it if that is wanted."""
    documents = [f"{chunk[5]}\n{chunk[6]}" if with_path else chunk[6] for chunk in chunks]
    asked = {"documents": documents, "queries": [query.text for query in pool.queries], "depth": 3 * measures.DEPTH}
    best = json.loads(packages.run(environment(), HERE / "bm25.py", input=json.dumps(asked)))
    hits = [[tuple(chunks[number][:3]) for number in numbers] for numbers in best]
    return Ranking([place_of(answer, found) for answer, found in zip(answers, hits, strict=True)], [])


def place_of(answer, hits):
    """Pieces of one definition count once, as the best of them."""
    order = list(dict.fromkeys(hits))[: measures.DEPTH]
    return order.index(answer) + 1 if answer in order else None


def environment():
    """A Python that has rank-bm25."""
    folder = packages.cache() / "search-tools"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing {' '.join(TOOLS)}", file=sys.stderr)
        packages.run(sys.executable, "-m", "venv", "--clear", folder)
        packages.run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TOOLS)
        (folder / "complete").touch()
    return python
