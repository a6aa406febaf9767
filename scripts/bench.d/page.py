"""The graph page of a repository of 5,000 files, in Chromium without a GPU.

Indexes the tree with a model of one layer, since vectors are not on the page, writes
the page, opens it and moves on the map: with what it opens by itself, and with every
package and folder open. Needs Node.js and Chromium, as scripts/test brings them.
"""

import json
import subprocess

import home
import machine
import markdown
import prepare
import small_encoder
from failure import Failure
from prepare import ROOT, say

TREE = "typescript-5140"
MOST_BYTES, MOST_OPENING, MOST_FRAME = 15e6, 5000, 100


def add_arguments(parser):
    prepare.add_arguments(parser)


def run(args):
    """Measures and reports; whether everything asked for was reached."""
    with prepare.prepared(args, [TREE]) as bench, bench.home() as place:
        index(bench, place)
        page = bench.work / "page.html"
        said = home.short([place.binary, "graph", "--html", page], place.environment)
        if said.returncode != 0:
            raise Failure(f"graph --html: {said.stderr.strip()}", "try it by hand")
        results = {"machine": machine.machine(), "bytes": page.stat().st_size, **measured(page)}
    results["checks"] = checks(results)
    text = report(results)
    prepare.tell(args, results, text)
    return all(ok for *_, ok in results["checks"])


def index(bench, place):
    models = home.installed_home().absolute() / "models"
    folder = small_encoder.make(models, bench.work / "models")
    options = ["--roles", "text", "--text-model", small_encoder.NAME, "--models-dir", folder]
    options += ["--max-failed", "100%"]
    ended = place.index(bench.trees[TREE], options)
    if ended.problems or not ended.summary:
        raise Failure(f"{TREE}: {ended.problems[:3]}", "try it by hand")
    say(f"{ended.summary['files']['indexed']:,} files indexed in {ended.ended.wall:.0f} s")


def measured(page):
    words = ["node", ROOT / "web" / "test" / "measure.mjs", page]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Failure(f"measure.mjs: {done.stderr.strip()[-500:]}", "try it by hand")
    return json.loads(done.stdout)


def checks(results):
    """(asked, target, reached, whether it is)."""
    size, opened = results["bytes"], results["opened"]
    frames = [
        (f"median frame of a scripted move, {what}", results[key]["median"])
        for key, what in (("few", "as it opens"), ("all", f"{results['rows']:,.0f} rows open"))
    ]
    return [
        ("size", "≤ 15 MB", f"{size / 1e6:.1f} MB", size <= MOST_BYTES),
        ("opens in", "≤ 5 s", f"{opened / 1000:.2f} s", opened <= MOST_OPENING),
        *((what, "≤ 100 ms", f"{time:.0f} ms", time <= MOST_FRAME) for what, time in frames),
    ]


def report(results):
    rows = [(*row, markdown.MARKS[ok]) for *row, ok in results["checks"]]
    facts = ", ".join(f"{key}: {value}" for key, value in results["machine"].items())
    return f"{markdown.table(['measure', 'target', 'reached', ''], rows)}\n{facts}\n"
