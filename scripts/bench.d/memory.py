"""The leak test: memory against files done, over thousands of real files.

Every tenth file fails, every hundredth fills the model's window, and the curve may
not rise by more than 1 MB per 1,000 files after the first 500. The same run with
16 KB leaked on purpose with each file must be found to leak. Curves and plots go to
a folder. The whole form takes all-MiniLM-L6-v2; --quick takes a model of one layer,
in sessions of the real ONNX Runtime all the same, unoptimised programs, and files of
at most 8 KB.
"""

import json
import shutil
from pathlib import Path

import home
import leak_tree
import machine
import markdown
import prepare
import process
import small_encoder
from failure import Failure
from prepare import positive, say

TREES = ("django", "sphinx", "rxjs", "mixed-261", "typescript-262", "five-thousand")
QUICK_TREES = ("django", "rxjs", "mixed-261", "typescript-262")
FILES, QUICK_FILES = 6000, 1600
MOST = 1e6 / 1000  # bytes a file
LEAKED = 16 << 10  # bytes a file
HIGHEST_STEP = 100e6


def add_arguments(parser):
    add = parser.add_argument
    add("--quick", action="store_true", help="the form that CI runs, in a minute")
    add("--files", type=positive, metavar="N", help=f"how many [{FILES}; --quick: {QUICK_FILES}]")
    add("--sequential", action="store_true", help="one file at a time")
    add("--precision", choices=("fp32", "int8"), default="fp32", help="of all-MiniLM-L6-v2 [fp32]")
    add("--provider", choices=("cpu", "openvino"), default="cpu", help="where it runs [cpu]")
    add("--honest-only", action="store_true", help="leave out the run that leaks on purpose")
    add("--artefacts", type=Path, default=Path("target/artefacts"), metavar="DIR",
        help="where curves and plots go [target/artefacts]")
    prepare.add_arguments(parser)


def run(args):
    """Measures and reports; whether everything asked for was reached."""
    programs = build(args)
    args.binary = programs["mnemo-index"]
    args.artefacts.mkdir(parents=True, exist_ok=True)
    with prepare.prepared(args, QUICK_TREES if args.quick else TREES) as bench:
        stage = Stage(args, bench, programs["leaky"])
        names = ("honest",) if args.honest_only else ("honest", "leaky")
        found = {name: stage.measured(name) for name in names}
    results = {"machine": machine.machine(), "runs": found, "checks": checks(found, stage.failing)}
    text = report(results)
    prepare.tell(args, results, text)
    return all(ok for *_, ok in results["checks"])


def build(args):
    """The program, and the one that leaks, which --binary has beside it."""
    if args.binary:
        return {"mnemo-index": args.binary, "leaky": args.binary.parent / "examples" / "leaky"}
    profile = [] if args.quick else ["--release"]
    words = ["cargo", "build", "--locked", "--quiet", *profile, "--bins", "--example", "leaky"]
    prepare.must("cargo build", words)
    folder = prepare.target() / ("debug" if args.quick else "release")
    return {"mnemo-index": folder / "mnemo-index", "leaky": folder / "examples" / "leaky"}


class Stage:
    """The files, the model, and a server that refuses some of them."""

    def __init__(self, args, bench, leaky):
        self.args, self.bench = args, bench
        self.leaky = shutil.copy(leaky, bench.work / "leaky")
        self.tree = bench.work / "many"
        count = args.files or (QUICK_FILES if args.quick else FILES)
        self.failing = leak_tree.compose(bench.trees.values(), self.tree, count, args.quick)
        self.options = ["--max-failed", "100%"] + ["--sequential"] * args.sequential
        if args.quick:
            models = home.installed_home().absolute() / "models"
            self.options += small_encoder.options(models, bench.work / "models")
        else:
            self.options += ["--precision", args.precision, "--provider", args.provider]

    def measured(self, name):
        """What a run of one of the two programs showed."""
        profile = (self.args.artefacts / f"memory-{name}.csv").absolute()
        with self.bench.home() as place:
            self.prepare_server(place)
            words = [self.bench.binary if name == "honest" else self.leaky, self.tree]
            words += ["--repository", "many", *self.options, "--json", "--no-progress"]
            environment = {**place.environment, "LEAK_BYTES": str(LEAKED)}
            ended = process.measure([*words, "--memory-profile", profile], environment, place.timeout)
        if ended.exit != 0:
            raise Failure(f"{name}: exit {ended.exit}: {ended.errors.strip()[-500:]}", "try it by hand")
        last = json.loads(ended.lines[-1])
        growth = last.get("growth_bytes_per_file", last.get("memory", {}).get("growth_bytes_per_file"))
        samples = [tuple(map(int, line.split(","))) for line in profile.read_text().splitlines()[1:]]
        # By its own account: the kernel's begins with the memory of who started a process, and
        # this one has just written thousands of files.
        peak = last.get("peak_memory_bytes", ended.max_rss)
        say(f"{name}: {ended.wall:.0f} s, {growth:.0f} bytes a file, peak {markdown.megabytes(peak)}")
        return {
            "wall": ended.wall, "growth": growth, "peak": peak, "files": last.get("files"),
            "step": highest_step(samples), "samples": len(samples), "csv": str(profile),
        }

    def prepare_server(self, place):
        """Makes the tables by indexing one file, and then the server choosy."""
        first = self.bench.work / "first"
        first.mkdir(exist_ok=True)
        (first / "first.py").write_text("def first(): pass\n")
        place.index(first, self.options)
        process.measure([place.binary, "db", "start"], place.environment, 120)
        place.ask(leak_tree.REFUSE, "")


def highest_step(samples):
    return max((after - before for (_, before), (_, after) in zip(samples, samples[1:])), default=0)


def checks(found, failing):
    """(asked, target, reached, whether it is)."""
    honest, leaky = found["honest"], found.get("leaky")
    files = honest["files"]
    a_thousand = lambda run: f"{run['growth'] * 1000 / 1e6:+.2f} MB per 1,000 files"
    leaks = [
        ("the same with 16 KB leaked a file", "> 1 MB per 1,000", a_thousand(leaky), leaky["growth"] > MOST),
    ] if leaky else []
    return [
        ("growth after the first 500 files", "≤ 1 MB per 1,000", a_thousand(honest), honest["growth"] <= MOST),
        *leaks,
        (
            "files that fail", str(failing), f"{files['failed']} of {files['indexed'] + files['failed']}",
            files["failed"] == failing,
        ),
        (
            "highest step of the curve", "≤ 100 MB", markdown.megabytes(honest["step"]),
            honest["step"] <= HIGHEST_STEP,
        ),
    ]


def report(results):
    rows = [(*row, markdown.MARKS[ok]) for *row, ok in results["checks"]]
    honest = results["runs"]["honest"]
    about = f"{honest['files']['indexed']:,} files indexed in {markdown.seconds(honest['wall'])}, " \
        f"peak {markdown.megabytes(honest['peak'])}, {honest['samples']} samples; {honest['csv']}\n"
    facts = ", ".join(f"{key}: {value}" for key, value in results["machine"].items())
    return f"{markdown.table(['measure', 'target', 'reached', ''], rows)}\n{about}\n{facts}\n"
