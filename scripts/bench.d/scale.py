"""How far it goes: what was measured on some thousand files, and what follows for millions.

Measured in seconds of a core, which other programs on the machine change little: a
file's embedding (fp32 and int8), everything else of it, its commit in the server, and
`finish`; the bytes of a chunk in tables and indexes; and the HNSW index over 10, 30 and
100 thousand vectors (real ones, with jitter), built by one process. Then, with every
assumption named, what 10⁵, 10⁶ and 10⁷ files cost.

`--from FILE` measures nothing and computes from figures that `--json` wrote.
"""

import json
import subprocess
import time
from pathlib import Path

import home
import machine
import part
import prepare
import process
import scale_model
from prepare import positive, say
from remote import database, served
from server import ServerWatch

EMBEDDED = "rxjs"  # by the model that runs here
LARGE, STEPS = "django", (350, 700, 1400)
VECTORS = (10_000, 30_000, 100_000)
JITTER = 0.05  # of each of 384 numbers, uniform, so that a vector moves by some 0.3
BUILD_MEMORY = "512MB"
OPTIONS = "m = 16, ef_construction = 128"  # as the program builds it

SIZES = """
SELECT json_build_object(
    'chunks', (SELECT count(*) FROM code_chunks), 'files', (SELECT count(*) FROM indexed_files),
    'source', (SELECT sum(length(source_code)) FROM code_chunks),
    'nodes', (SELECT count(*) FROM nodes), 'edges', (SELECT count(*) FROM edges),
    'symbols', (SELECT sum(length(symbols)) FROM file_symbols),
    'chunk_table', pg_table_size('code_chunks'),
    'other_tables', (SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relkind = 'r'
        AND relnamespace = 'public'::regnamespace AND relname <> 'code_chunks'),
    'vector_indexes', (SELECT sum(pg_relation_size(c.oid)) FROM pg_class c JOIN pg_am m ON m.oid = c.relam
        WHERE m.amname = 'hnsw'),
    'other_indexes', (SELECT sum(pg_relation_size(c.oid)) FROM pg_class c JOIN pg_am m ON m.oid = c.relam
        WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace AND m.amname <> 'hnsw'))"""

# Each vector again and again, moved a little each time, so that none stands twice.
FILL = """
DROP TABLE IF EXISTS jittered;
CREATE UNLOGGED TABLE jittered AS
SELECT (SELECT array_agg(x + {jitter} * (random() - 0.5) + 0 * n)::real[]::vector::halfvec(384)
        FROM unnest(v::real[]) AS x) AS v
FROM (SELECT embedding_code AS v, row_number() OVER () AS r FROM code_chunks) real,
    generate_series(0, {count} / (SELECT count(*) FROM code_chunks)) AS n
ORDER BY n, r LIMIT {count};"""

# The backend says what it took itself, so that nothing has to watch it.
BUILD = """
SET maintenance_work_mem = '{memory}'; SET max_parallel_maintenance_workers = 0;
SELECT pg_backend_pid();
CREATE INDEX jittered_v ON jittered USING hnsw (v halfvec_cosine_ops) WITH ({options});
SELECT pg_relation_size('jittered_v');
SELECT pg_read_file('/proc/self/stat'), pg_read_file('/proc/self/status');"""


def add_arguments(parser):
    add = parser.add_argument
    add("--from", dest="given", type=Path, metavar="FILE", help="compute from these figures")
    add("--vectors", type=positive, nargs="+", default=VECTORS, metavar="N", help="sizes of the HNSW index")
    prepare.add_arguments(parser)


def run(args):
    """Measures, unless figures are given, and computes."""
    figures = json.loads(args.given.read_text()) if args.given else measured(args)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    text = scale_model.report(figures)
    args.output.write_text(text) if args.output else print(text)
    return True


def measured(args):
    with prepare.prepared(args, (EMBEDDED, LARGE)) as bench:
        figures = {"machine": machine.machine(), "options": OPTIONS, "build_memory": BUILD_MEMORY}
        with bench.home() as place:
            figures["embedding"] = {name: embedded(place, bench, name) for name in ("fp32", "int8")}
        with bench.home() as place, served(1_000_000, 0.0) as server:
            figures["steps"] = [step(place, bench, server, files) for files in STEPS]
        with bench.home() as place:
            place.index(bench.trees[EMBEDDED], ("--precision", "int8"))
            figures["hnsw"] = [build(place, count) for count in args.vectors]
    return figures


def core_seconds(one):
    return one.ended.user + one.ended.system


# ── A file ──────────────────────────────────────────────────────────────────


def embedded(place, bench, precision):
    """A whole run over a small tree."""
    url = database(place, precision)
    options = ("--database-url", url, "--precision", precision)
    first = place.index(bench.trees[EMBEDDED], options)
    found = {
        "chunks": sum(first.summary["chunks"].values()),
        "core_s": core_seconds(first), "wall_s": first.ended.wall, "ms": first.summary["ms"],
        "tokens": first.summary["tokens"], "reused": first.summary["reused"], "peak": first.ended.max_rss,
    }
    say(f"{precision}: {found}")
    return found


def step(place, bench, server, files):
    """All of it but embedding, which a server does at once; then `finish` alone."""
    tree = part.of(bench.trees[LARGE], files, bench.work / f"step{files}")
    url = database(place, f"step{files}")
    served_by = ("--embed-url", f"http://127.0.0.1:{server.port}")
    one = place.index(tree, (*served_by, "--database-url", url, "--shard", "1/1"))
    words = [place.binary, "finish", tree, "--repository", tree.name, "--database-url", url]
    with ServerWatch(place.data) as server_too:
        ended = process.measure([*words, "--vector-index", "none"], place.environment, place.timeout)
    found = {
        "files": one.summary["files"]["indexed"], "core_s": core_seconds(one), "server_core_s": one.server_cpu,
        "wall_s": one.ended.wall, "store_ms": one.summary["ms"]["store"], "peak": one.ended.max_rss,
        "finish": {
            "exit": ended.exit, "wall_s": ended.wall, "core_s": ended.user + ended.system,
            "server_core_s": server_too.cpu, "peak": ended.max_rss,
        },
    }
    found.update(place_sizes(place, f"step{files}"))
    say(f"{files} files: {found}")
    return found


def place_sizes(place, name):
    words = [home.find_psql(place.path), database(place, name), "-XqAt", "-c", SIZES]
    return json.loads(home.short(words, place.environment).stdout)


# ── The vector index ────────────────────────────────────────────────────────


def patiently(place, text):
    """What psql says to `text`, however long it takes."""
    words = [home.find_psql(place.path), place.url(), "-XqAt", "-v", "ON_ERROR_STOP=1"]
    options = {"env": place.environment, "capture_output": True, "text": True, "timeout": place.timeout}
    return subprocess.run(words, input=text, check=True, **options).stdout


def build(place, count):
    patiently(place, FILL.format(jitter=JITTER, count=count))
    began = time.monotonic()
    _, size, text = patiently(place, BUILD.format(memory=BUILD_MEMORY, options=OPTIONS)).split("\n", 2)
    fields = text.split(")", 1)[1].split()
    peak = next(line for line in text.splitlines() if "VmHWM" in line)
    found = {
        "vectors": count, "bytes": int(size), "wall_s": time.monotonic() - began,
        "core_s": (int(fields[11]) + int(fields[12])) / process.TICKS, "peak": int(peak.split()[1]) * 1024,
    }
    say(f"HNSW: {found}")
    return found


