"""Whole runs beside what a user would run instead, on the same tree and model.

Ours, in its forms; CocoIndex by the rules of its own code example; and a baseline of
forty lines of Python. Each run is a process of its own with a new index in a private
server of its own, which is up already; loading is in the time. Tokens are those that
went through the model: ours embeds two texts for each definition, resolves the graph
and writes whole files, the others embed one text for each piece.

Also our whole run, both roles and database included, against embedding the same
tokens alone, by the same session and threads.
"""

import json

import contender_folder
import home
import machine
import openvino
import prepare
import process
import python_peers
from embed import build as build_embed
from failure import Failure
from markdown import megabytes, median, number, seconds, spread, table
from prepare import positive, say

TREES = ("rxjs", "paper")
SCRIPTS = prepare.ROOT / "scripts" / "bench.d"
WINDOW = 256
OURS = {"fp32": (), "int8": ("--precision", "int8"), "bf16": ("--provider", "openvino")}
NAMES = {
    "cocoindex": "CocoIndex 1.0.26",
    "python": "40 lines of Python",
    "fp32": "**mnemo-index fp32**",
    "int8": "**mnemo-index int8**",
    "bf16": "**mnemo-index bf16 by OpenVINO**",
}
FASTER, SMALLER, OVERHEAD = 4.0, 3.0, 1.15


def add_arguments(parser):
    add = parser.add_argument
    add("--tree", action="append", help=f"only this tree (may be given again) {list(TREES)}")
    add("--runs", type=positive, default=3, metavar="N", help="runs of each, in turns [3]")
    prepare.add_arguments(parser)


def run(args):
    """Measures and reports; whether everything asked for was reached."""
    python, trees = python_peers.python(), args.tree or TREES
    with prepare.prepared(args, trees) as bench:
        stage = Stage(bench, python)
        results = {"machine": machine.machine(), "trees": {}}
        for tree in trees:
            runs = {name: [] for name in stage.contenders}
            for _ in range(args.runs):
                for name, found in runs.items():
                    found.append(stage.measured(name, bench.trees[tree]))
            results["trees"][tree] = {"runs": runs, "alone": stage.alone(bench.trees[tree], args.runs)}
    results["checks"] = checks(results)
    text = report(results)
    prepare.tell(args, results, text)
    return all(ok for *_, ok in results["checks"])


class Stage:
    """The programs and the model."""

    def __init__(self, bench, python):
        self.bench, self.python = bench, python
        self.model = contender_folder.make(bench.work)
        self.embed = build_embed()
        ours = [form for form in OURS if form != "bf16" or openvino.is_of_use()]
        self.contenders = ["cocoindex", "python", *ours]

    def measured(self, name, tree):
        with self.bench.home() as place:
            process.measure([place.binary, "db", "start"], place.environment, 120)
            found = self.ours(place, name, tree) if name in OURS else self.theirs(place, name, tree)
        found["rate"] = found["tokens"] / found["wall"]
        say(f"{name}, {tree.name}: {found['wall']:.1f} s, {found['rate']:.0f} tokens/s")
        return found

    def ours(self, place, name, tree):
        run = place.index(tree, OURS[name])
        if run.ended.exit != 0:
            raise Failure(f"mnemo-index {name} failed: {run.ended.errors[-300:]}", "try it by hand")
        return {
            "wall": run.ended.wall, "peak": run.ended.max_rss, "tokens": run.summary["tokens"],
            "rows": sum(run.summary["chunks"].values()), "cut": 0,
        }

    def theirs(self, place, name, tree):
        script = SCRIPTS / f"peer_{name}.py"
        url = place.url()
        environment = {
            **place.environment, "COCOINDEX_DB": str(place.path / "cocoindex"),
            "COCOINDEX_DISABLE_USAGE_TRACKING": "1", "HF_HUB_OFFLINE": "1",
        }
        words = [self.python, "-B", script, tree, self.model, url]
        ended = process.measure(words, environment, place.timeout)
        if ended.exit != 0:
            raise Failure(f"{name} failed: {ended.errors.strip()[-800:]}", "try it by hand")
        words = [self.python, "-B", SCRIPTS / "peer_tokens.py", self.model / "tokenizer.json", url, str(WINDOW)]
        told = home.short(words, place.environment)
        if told.returncode != 0:
            raise Failure(f"{name} left nothing: {told.stderr.strip()[-500:]}", "try it by hand")
        return {"wall": ended.wall, "peak": ended.max_rss, **json.loads(told.stdout)}

    def alone(self, tree, runs):
        """Seconds that embedding the texts of our run takes by itself."""
        texts = prepare.texts_of(self.bench.binary, tree)
        path = self.bench.work / "alone.json"
        path.write_text(json.dumps(texts))
        found = []
        for _ in range(runs):
            installed = home.installed_home().absolute()
            model = installed / "models" / "all-minilm-l6-v2"
            words = [self.embed, installed, model, "cpu", "fp32", "1", path, "/dev/null"]
            ended = process.measure(words, home.environment(), self.bench.timeout)
            if ended.exit != 0:
                raise Failure(f"embedding alone failed: {ended.errors.strip()[-300:]}", "try it by hand")
            told = json.loads(ended.lines[-1])
            found.append({"wall": ended.wall, "seconds": told["seconds"][-1], "tokens": told["tokens"]})
        say(f"{tree.name}, embedding alone: {found[-1]['seconds']:.1f} s, {found[-1]['tokens']} tokens")
        return found


def of(runs, name, key):
    return median([run[key] for run in runs[name]])


def checks(results):
    """(asked, target, reached, whether it is)."""
    found = []
    for tree, result in results["trees"].items():
        runs = result["runs"]
        for form in (form for form in OURS if form in runs):
            for peer in ("cocoindex", "python"):
                faster = of(runs, form, "rate") / of(runs, peer, "rate")
                smaller = of(runs, peer, "peak") / of(runs, form, "peak")
                found.append((f"{tree}: {form} beside {peer}", f"≥ {FASTER:.0f} × tokens/s, ≤ 1/{SMALLER:.0f} memory",
                              f"{faster:.2f} ×, 1/{smaller:.1f}", faster >= FASTER and smaller >= SMALLER))
        ratio = of(runs, "fp32", "wall") / median([run["wall"] for run in result["alone"]])
        found.append((f"{tree}: whole run against embedding alone, fp32", f"≤ {OVERHEAD} ×", f"{ratio:.2f} ×", ratio <= OVERHEAD))
    return found


def report(results):
    parts = []
    for tree, result in results["trees"].items():
        head = [tree, "wall", "tokens", "tokens/s of the run", "peak", "chunks", "cut off at the window"]
        rows = [
            [
                NAMES[name], spread([run["wall"] for run in runs], seconds), number(runs[0]["tokens"]),
                number(median([run["rate"] for run in runs])), megabytes(max(run["peak"] for run in runs)),
                number(runs[0]["rows"]), number(runs[0]["cut"]),
            ]
            for name, runs in result["runs"].items()
        ]
        alone = result["alone"]
        note = f"Embedding our tokens alone, fp32: {spread([run['wall'] for run in alone], seconds)} with loading, " \
            f"{number(alone[0]['tokens'])} tokens.\n"
        parts += [table(head, rows), note]
    checked = [(*row, "✓" if ok else "✗") for *row, ok in results["checks"]]
    parts.append(table(["measure", "target", "reached", ""], checked))
    facts = ", ".join(f"{key}: {value}" for key, value in results["machine"].items())
    versions = ", ".join(package.replace("==", " ") for package in python_peers.PACKAGES)
    return "\n".join([*parts, facts, "", versions, ""])
