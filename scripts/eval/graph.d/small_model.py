"""A model of a few numbers, so that indexing for the evaluation of the graph
takes seconds: chunks are cut by the window of all-MiniLM-L6-v2, whose tokenizer
it has, and the graph does not look at vectors.
"""

import array
import hashlib
import random
import shutil
from pathlib import Path

from failure import Failure
from onnx_writer import FLOAT, INT64, Graph

NAME = "eight-numbers"
WIDTH, VOCABULARY, OPSET = 8, 30522, 20
TAKEN = ("tokenizer.json", "config.json", "sentence_bert_config.json", "pooling_config.json")

FACTS = """id = "{name}"
licence = "CC0-1.0"
dimensions = {width}
pooling = "mean"
normalize = true
max_tokens = 256
document_prefix = ""
query_prefix = ""
precision = "fp32"
inputs = ["input_ids", "attention_mask"]
output = "sentence_embedding"
"""


def build(graph):
    """The mean of random vectors of the tokens, brought to length 1."""
    for name in ("input_ids", "attention_mask"):
        graph.input(name, INT64, ["batch", "sequence"])
    graph.integers("axis_1", [1])
    graph.integers("axis_2", [2])
    chance = random.Random(0)
    numbers = array.array("f", (chance.gauss(0, 1) for _ in range(VOCABULARY * WIDTH)))
    table = graph.matrix("table", [VOCABULARY, WIDTH], numbers.tobytes())
    tokens = graph.node("Gather", [table, "input_ids"], "tokens")
    mask = graph.node("Cast", ["attention_mask"], "float_mask", to=FLOAT)
    mask = graph.node("Unsqueeze", [mask, "axis_2"], "mask_columns")
    total = graph.node("ReduceSum", [graph.node("Mul", [tokens, mask], "masked"), "axis_1"], "sum", keepdims=0)
    length = graph.node("ReduceL2", [total, "axis_1"], "norm", keepdims=1)
    graph.output(graph.node("Div", [total, length], "sentence_embedding"), FLOAT, ["batch", WIDTH])
    return graph.model(NAME, OPSET)


def make(models, folder):
    """Writes the model beside the tokenizer of all-MiniLM-L6-v2; gives --models-dir."""
    target = folder / NAME
    source = models / "all-minilm-l6-v2"
    if not source.exists():
        raise Failure(f"{source} is missing", "run scripts/setup")
    target.mkdir(parents=True, exist_ok=True)
    for name in TAKEN:
        shutil.copyfile(source / name, target / name)
    with open(target / "model.onnx.data", "wb") as weights:
        (target / "model.onnx").write_bytes(build(Graph(weights, "model.onnx.data")))
    files = "".join(map(entry, sorted(target.glob("*.[jo]*"))))
    (target / "model.toml").write_text(FACTS.format(name=NAME, width=WIDTH) + files)
    return folder


def entry(path: Path):
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return f'\n[[files]]\nname = "{path.name}"\nsize = {len(content)}\nsha256 = "{sha256}"\n'
