"""Embedding alone: ours beside what others use, on the same chunks and model.

Texts are the chunks that mnemo-index makes of a tree, in both roles, cut to the
model's window of 256 tokens by each contender itself. Everyone embeds all of
them once to warm up and then in turns, each turn a process of its own, so that
what else the machine does hits all alike. Times are without loading. Fidelity
is to sentence-transformers in fp32, one text at a time.

With --large FOLDER, as scripts/stand-ins makes it, the stand-in for
nomic-embed-text-v1.5, of 12 layers 768 wide, instead: sentence-transformers runs the
same architecture with random weights of its own, so fidelity there is to our fp32.
"""

import json
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import contender_folder
import cuda
import home
import machine
import openvino
import prepare
import process
import python_peers
from failure import Failure
from markdown import megabytes, median, number, table
from prepare import positive, say

EXACT = "st-fp32-1"
LARGE = "nomic-embed-text-v1.5"
CONTENDER = prepare.ROOT / "scripts" / "bench.d" / "contender.py"
OTHERS = (EXACT, "st-fp32-32", "st-bf16-1", "st-bf16-32", "fastembed-1", "fastembed-256")
NAMES = {
    "st-fp32-1": "sentence-transformers fp32, one at a time",
    "st-fp32-32": "sentence-transformers fp32, batches of 32",
    "st-bf16-1": "sentence-transformers bf16, one at a time",
    "st-bf16-32": "sentence-transformers bf16, batches of 32",
    "fastembed-1": "fastembed fp32, one at a time",
    "fastembed-256": "fastembed fp32, its default batches of 256",
    "cpu-fp32": "**mnemo-index fp32**",
    "cpu-int8": "**mnemo-index int8**",
    "openvino-fp32": "**mnemo-index bf16 by OpenVINO**",
    "cuda-fp32": "**mnemo-index fp32 on the GPU**",
}


def add_arguments(parser):
    add = parser.add_argument
    add("--tree", default="rxjs", help="whose chunks are embedded [rxjs]")
    add("--texts", type=positive, default=300, metavar="N", help="how many [300]")
    add("--large", type=Path, metavar="FOLDER", help="the large stand-in in FOLDER, not all-MiniLM-L6-v2")
    add("--turns", type=positive, default=3, metavar="N", help="timed turns of each [3]")
    prepare.add_arguments(parser)


def run(args):
    python = python_peers.python()
    with prepare.prepared(args, [args.tree]) as bench:
        model = large(args.large, bench.work, python) if args.large else small(bench.work)
        stage = Stage(bench, python, model)
        stage.texts(args.tree, args.texts)
        results = {name: {"speeds": [], "peaks": []} for name in model.contenders}
        for _ in range(args.turns):
            for name, result in results.items():
                stage.turn(name, result)
        for name, result in results.items():
            result |= stage.fidelity(name)
        report(args, stage, results)
    return True


@dataclass
class Model:
    """A model as ours and the others find it."""

    ours: Path
    theirs: Path
    contenders: list
    exact: str  # the contender whose vectors are right


def small(work):
    model = home.installed_home().absolute() / "models" / "all-minilm-l6-v2"
    return Model(model, contender_folder.make(work), [*OTHERS, *ours()], EXACT)


def large(models, work, python):
    model = models.absolute() / LARGE
    if not model.is_dir():
        raise Failure(f"{model} is missing", f"make it by scripts/stand-ins {models}")
    folder = work / "large"
    told = subprocess.run([python, "-B", CONTENDER, "make", model, folder], capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise Failure(f"no {LARGE} for others: {told.stderr.strip()[-500:]}", "try it by hand")
    others = [name for name in OTHERS if name.startswith("st-")]
    return Model(model, folder, [*others, *ours()], "cpu-fp32")


def ours():
    plain = ["cpu-fp32", "cpu-int8"] + ["openvino-fp32"] * openvino.is_of_use()
    return plain + ["cuda-fp32"] * has_cuda()


def has_cuda():
    """Whether `scripts/setup --cuda` was run and there is a device."""
    folder = home.installed_home() / "runtime" / f"onnxruntime-gpu-{cuda.VERSION}"
    return folder.exists() and shutil.which("nvidia-smi") is not None


class Stage:
    """The texts, the programs, and a folder for the vectors."""

    def __init__(self, bench, python, model):
        self.bench, self.python, self.work, self.model = bench, python, bench.work, model
        self.home = home.installed_home().absolute()
        self.program = build()

    def texts(self, tree, count):
        texts = prepare.texts_of(self.bench.binary, self.bench.trees[tree])
        random.Random(1).shuffle(texts)
        self.count = min(count, len(texts))
        (self.work / "texts.json").write_text(json.dumps(texts[:count]))

    def words(self, name):
        """Two rounds, of which the first warms up."""
        rest = ["2", self.work / "texts.json", self.vectors(name)]
        if name in OTHERS:
            return [self.python, "-B", CONTENDER, name, self.model.theirs, *rest]
        return [self.program, self.home, self.model.ours, *name.split("-"), *rest]

    def vectors(self, name):
        return self.work / f"{name}.vectors"

    def turn(self, name, result):
        ended = process.measure(self.words(name), home.environment(), self.bench.timeout)
        if ended.exit != 0:
            raise Failure(f"{name} failed: {ended.errors.strip()[-500:]}", "try it by hand")
        told = json.loads(ended.lines[-1])
        self.tokens = told.get("tokens", getattr(self, "tokens", 0))
        result["speeds"].append(self.count / told["seconds"][-1])
        result["peaks"].append(ended.max_rss)
        say(f"{name}: {result['speeds'][-1]:.1f} texts/s")

    def fidelity(self, name):
        """To the exact one; none for other weights."""
        if self.model.exact not in OTHERS and name in OTHERS:
            return {}
        words = [self.python, "-B", CONTENDER, "compare", str(self.count)]
        words += [self.vectors(self.model.exact), self.vectors(name)]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def build():
    words = ["cargo", "build", "--release", "--locked", "--quiet", "--example", "embed"]
    prepare.must("cargo build --example embed", words)
    return prepare.target() / "release" / "examples" / "embed"


def report(args, stage, results):
    text = markdown(stage, results)
    prepare.tell(args, results, text)


def fidelity(result):
    if "mean" not in result:
        return ["–", "–"]
    return [f"{result['mean']:.5f} / {result['min']:.5f}", f"{result['top10']:.3f}"]


def markdown(stage, results):
    speed = {name: median(result["speeds"]) for name, result in results.items()}
    better = max(speed["st-fp32-1"], speed["st-fp32-32"])
    mean = stage.tokens / stage.count
    head = ["", "texts/s", "tokens/s", "× fp32", "peak", "cosine mean / min", "top 10"]
    rows = [
        [
            NAMES[name], f"{speed[name]:.1f}", number(speed[name] * mean),
            f"{speed[name] / better:.2f}", megabytes(max(result["peaks"])),
            *fidelity(result),
        ]
        for name, result in results.items()
    ]
    facts = machine.machine()
    about = ", ".join(f"{key}: {value}" for key, value in facts.items())
    versions = ", ".join(package.replace("==", " ") for package in python_peers.PACKAGES)
    note = f"{stage.count} texts, {mean:.0f} tokens each. × fp32: against the better mode of sentence-transformers.\n"
    return f"{table(head, rows)}\n{note}\n{about}\n\n{versions}\n"
