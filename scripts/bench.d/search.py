"""Searching: how long an answer takes on 50,000 chunks.

Indexes rxjs in eight bits and multiplies its rows on the server: each copy has
paths of its own, and vectors a little aside of those it was made from. Then the
same questions are asked by each mode, through one process that reads them from
standard input (times without loading), and through a process each (times of the
whole command). The private server stays up, as it does for whoever runs one.
"""

import json
import math
import subprocess

import machine
import markdown
import prepare
import process
from failure import Failure
from markdown import percentile
from prepare import positive, say

TREE = "rxjs"
CHUNKS = 50_000
PASSES = 5  # over the questions; the first warms up
WHOLE = 20  # whole commands
FILTER = ["--path", "copy-7"]  # about one chunk of forty; see `copies`

QUESTIONS = [
    "try a failed source again a number of times",
    "wait until the values stop coming for a while",
    "replay the last values to late subscribers",
    "make an observable from a DOM event",
    "combine the latest values of several sources",
    "share one subscription between many subscribers",
    "take values until another observable emits",
    "schedule work on the next animation frame",
    "where are unhandled errors reported",
    "convert a promise to an observable",
    "retryWhen",
    "VirtualTimeScheduler",
    "createErrorClass",
    "Subscription add teardown",
    "is the value array like",
    "parse marble diagrams in tests",
    "limit how many inner observables run at once",
    "emit only values that differ from the one before",
    "group values by a key",
    "buffer values in windows of time",
    "ajax request with a timeout",
    "read a response as a stream of chunks",
    "count the values",
    "default value if nothing was emitted",
    "pipe functions from left to right",
    "unsubscribe",
    "error thrown when the sequence is empty",
    "map to an inner observable and cancel the one before",
    "log of subscriptions for tests",
    "web socket that reconnects",
]

MODES = {
    "hybrid": [],
    "semantic": ["--mode", "semantic"],
    "lexical": ["--mode", "lexical"],
    "hybrid, one chunk of forty passes the filter": FILTER,
}

# `noise` is one vector for each copy, of about a tenth of a vector's length.
COPY = """
CREATE TEMP TABLE noise AS SELECT n, array_agg((random() - 0.5) * 0.018)::vector AS aside
    FROM generate_series(1, {copies}) n, generate_series(1, {width}) GROUP BY n;
DROP INDEX idx_code_emb_text_half, idx_code_emb_code_half;
INSERT INTO code_chunks (repository, id, file_path, language, chunk_type, name, name_path, source_code, start_line,
        end_line, embedding_text, embedding_code, embedding_text_half, embedding_code_half, metadata, search_words)
    SELECT 'copies', gen_random_uuid(), 'copy-' || n || '/' || file_path, language, chunk_type, name, name_path,
        source_code, start_line, end_line, embedding_text + aside, embedding_code + aside,
        (embedding_text + aside)::halfvec, (embedding_code + aside)::halfvec, metadata, search_words
    FROM code_chunks, noise;
INSERT INTO indexed_files (repository, file_path, language, digest, recipe, chunk_count, lines_of_code)
    SELECT 'copies', 'copy-' || n || '/' || file_path, language, digest, recipe, chunk_count, lines_of_code
    FROM indexed_files, noise;
"""
STANDS = "SELECT count(*), max(vector_dims(embedding_text)) FROM code_chunks"


def add_arguments(parser):
    parser.add_argument("--chunks", type=positive, default=CHUNKS, metavar="N", help="about so many are searched")
    prepare.add_arguments(parser)


def run(args):
    """Measures and reports; whether everything asked for was reached."""
    with prepare.prepared(args, (TREE,)) as bench, bench.home() as place:
        process.measure([place.binary, "db", "start"], place.environment, 120)
        results = {"machine": machine.machine(), "program": machine.program(bench.binary, prepare.ROOT, not args.binary)}
        multiply(place, bench.trees[TREE], args.chunks)
        results["database"] = machine.database(place)
        results["chunks"] = int(place.ask(STANDS, "")[0][0])
        results["modes"] = {name: asked(place, options) for name, options in MODES.items()}
        results["whole"] = [whole(place, question) for question in QUESTIONS[:WHOLE]]
    results["checks"] = checks(results)
    text = report(results)
    prepare.tell(args, results, text)
    return all(ok for *_, ok in results["checks"])


def multiply(place, tree, wanted):
    index(place, tree)
    there, width = (int(value) for value in place.ask(STANDS, "")[0])
    copies = max(1, math.ceil(wanted / there) - 1)
    say(f"{there} chunks, and {copies} copies of them")
    place.ask(COPY.format(copies=copies, width=width), "")
    # The end of a run builds the vector indexes that are missing.
    index(place, tree)


def index(place, tree):
    ran = place.index(tree, ["--precision", "int8"])
    if ran.ended.exit != 0:
        raise Failure(f"indexing {tree} failed: {' '.join(ran.problems)[:300]}", "try it by hand")


def asked(place, options):
    """Milliseconds for each answer of a process that goes on, and the least that one has of hits."""
    lines = "".join(f"{question}\n" for question in QUESTIONS * PASSES)
    words = [place.binary, "search", "-", "--json", *options]
    done = subprocess.run(words, input=lines, env=place.environment, capture_output=True, text=True, timeout=place.timeout, check=True)
    answers = [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "answer"]
    warm = answers[len(QUESTIONS) :]
    say(f"{' '.join(options) or 'hybrid'}: {percentile([a['ms'] for a in warm], 0.95):.0f} ms p95")
    return {"ms": [answer["ms"] for answer in warm], "least": min(answer["hits"] for answer in warm)}


def whole(place, question):
    """Seconds from the command to its end."""
    ended = process.measure([place.binary, "search", question], place.environment, place.timeout)
    if ended.exit != 0:
        raise Failure(f"search ended with {ended.exit}: {ended.errors[:300]}", "try it by hand")
    return ended.wall


def checks(results):
    modes = results["modes"]
    p95 = percentile(modes["hybrid"]["ms"], 0.95)
    command = percentile(results["whole"], 0.95) * 1e3
    filtered = modes["hybrid, one chunk of forty passes the filter"]["least"]
    return [
        ("an answer, without loading", "p95 ≤ 60 ms", f"{p95:.0f} ms", p95 <= 60),
        ("the whole command", "≤ 400 ms", f"p95 {command:.0f} ms", command <= 400),
        ("an answer with a filter", "the full limit of 10", f"{filtered} hits at least", filtered == 10),
    ]


def report(results):
    rows = [
        [name, *(f"{percentile(mode['ms'], share):.0f} ms" for share in (0.5, 0.95, 1)), mode["least"]]
        for name, mode in results["modes"].items()
    ]
    whole = [percentile(results["whole"], share) * 1e3 for share in (0.5, 0.95, 1)]
    rows.append(["the whole command, hybrid", *(f"{value:.0f} ms" for value in whole), ""])
    facts = {**results["machine"], **results["program"], **results["database"], "chunks": markdown.number(results["chunks"])}
    return "\n".join(
        [
            markdown.table(["measured on", ""], list(facts.items())),
            markdown.table(["search", "p50", "p95", "slowest", "fewest hits"], rows),
            markdown.table(["", "asked for", "reached", ""], [[*row, markdown.MARKS[ok]] for *row, ok in results["checks"]]),
        ]
    )
