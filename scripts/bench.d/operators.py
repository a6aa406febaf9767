"""Where inference spends its time: each operator's share, by ONNX Runtime's profiler.

The same library, settings and graphs as ours, one text a run on one thread, over
chunks of a tree cut to 256 tokens. Times are of the processor, not of the clock, so
that what else the machine does counts little.
"""

import json
import random

import home
import machine
import prepare
import process
import python_peers
from failure import Failure
from markdown import number, table
from prepare import positive

SCRIPT = prepare.ROOT / "scripts" / "bench.d" / "operator_times.py"
GRAPHS = {"fp32": "model.onnx", "int8": "model.int8.onnx"}
LEAST = 0.005  # of the whole: smaller shares are told as one


def add_arguments(parser):
    add = parser.add_argument
    add("--tree", default="rxjs", help="whose chunks are embedded [rxjs]")
    add("--texts", type=positive, default=100, metavar="N", help="how many [100]")
    prepare.add_arguments(parser)


def run(args):
    python = python_peers.python()
    with prepare.prepared(args, [args.tree]) as bench:
        texts = prepare.texts_of(bench.binary, bench.trees[args.tree])
        random.Random(1).shuffle(texts)
        (bench.work / "texts.json").write_text(json.dumps(texts[: args.texts]))
        found = {form: measured(python, bench, graph) for form, graph in GRAPHS.items()}
    text = report(found)
    prepare.tell(args, found, text)
    return True


def measured(python, bench, graph):
    model = home.installed_home().absolute() / "models" / "all-minilm-l6-v2"
    words = [python, "-B", SCRIPT, model / graph, model / "tokenizer.json", bench.work / "texts.json", bench.work / "profile"]
    ended = process.measure(words, home.environment(), bench.timeout)
    if ended.exit != 0:
        raise Failure(f"{graph}: {ended.errors.strip()[-500:]}", "try it by hand")
    return json.loads(ended.lines[-1])


def shares(operators):
    """From the largest; the small ones together."""
    whole = sum(operators.values())
    large = {name: time / whole for name, time in operators.items() if time >= LEAST * whole}
    told = [f"{name} {share:.1%}" for name, share in sorted(large.items(), key=lambda pair: -pair[1])]
    return ", ".join([*told, f"others {1 - sum(large.values()):.1%}"])


def report(found):
    rows = [
        [form, f"{told['seconds']:.1f} s", number(told["tokens"] / told["seconds"]), shares(told["operators"])]
        for form, told in found.items()
    ]
    facts = ", ".join(f"{key}: {value}" for key, value in machine.machine().items())
    return f"{table(['', 'processor time', 'tokens/s of a thread', 'operators'], rows)}\n{facts}\n"
