"""A model of one attention layer, 32 wide, so that thousands of files are embedded
in seconds by sessions of the real ONNX Runtime, whose arena serves tensors of
every length. It has the tokenizer and window of all-MiniLM-L6-v2, and random
weights. Of one sign it makes no number: a text that holds it fails.
"""

import array
import hashlib
import json
import random
import shutil

from failure import Failure
from onnx_writer import CONTRIB, FLOAT, INT32, INT64, Graph

NAME = "one-layer"
WIDTH, HEADS, INNER, OPSET = 32, 2, 128, 20
TAKEN = ("tokenizer.json",)
POISON = "♯"

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


def options(models, folder):
    """What makes a run take it, once it is made in `folder`."""
    return ["--models-dir", make(models, folder), "--text-model", NAME, "--code-model", NAME]


def make(models, folder):
    """Writes the model below `folder`, for --models-dir."""
    source, target = models / "all-minilm-l6-v2", folder / NAME
    if not source.exists():
        raise Failure(f"{source} is missing", "run scripts/setup")
    target.mkdir(parents=True)
    for name in TAKEN:
        shutil.copyfile(source / name, target / name)
    words = json.loads((target / "tokenizer.json").read_text())["model"]["vocab"]
    with open(target / "model.onnx.data", "wb") as weights:
        graph = Encoder(Graph(weights, "model.onnx.data")).build(words)
    (target / "model.onnx").write_bytes(graph)
    files = "".join(map(entry, sorted(target.iterdir())))
    (target / "model.toml").write_text(FACTS.format(name=NAME, width=WIDTH) + files)
    return folder


def entry(path):
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return f'\n[[files]]\nname = "{path.name}"\nsize = {len(content)}\nsha256 = "{sha256}"\n'


class Encoder:
    """Words, one layer of attention with its network, and the mean."""

    def __init__(self, graph):
        self.graph, self.node = graph, graph.node
        self.chance = random.Random(0)

    def numbers(self, count):
        return array.array("f", (self.chance.gauss(0, 0.1) for _ in range(count)))

    def matrix(self, name, rows, columns):
        return self.graph.matrix(name, [rows, columns], self.numbers(rows * columns).tobytes())

    def build(self, words):
        for name in ("input_ids", "attention_mask"):
            self.graph.input(name, INT64, ["batch", "sequence"])
        self.graph.integers("axis_1", [1])
        hidden = self.node("Gather", [self.table(words), "input_ids"], "tokens")
        hidden = self.node("Add", [self.attention(hidden), hidden], "attended")
        hidden = self.node("Add", [self.network(hidden), hidden], "hidden")
        self.graph.output(self.mean(hidden), FLOAT, ["batch", WIDTH])
        return self.graph.model(NAME, OPSET)

    def table(self, words):
        rows = self.numbers(len(words) * WIDTH)
        poisoned = words[POISON] * WIDTH
        rows[poisoned : poisoned + WIDTH] = array.array("f", [float("nan")] * WIDTH)
        return self.graph.matrix("words", [len(words), WIDTH], rows.tobytes())

    def attention(self, source):
        weight = self.matrix("attention.weight", WIDTH, 3 * WIDTH)
        bias = self.graph.vector("attention.bias", self.numbers(3 * WIDTH).tobytes())
        mask = self.node("Cast", ["attention_mask"], "mask", to=INT32)
        return self.node("Attention", [source, weight, bias, mask], "context", CONTRIB, num_heads=HEADS)

    def network(self, source):
        inner = self.node("MatMul", [source, self.matrix("up", WIDTH, INNER)], "inner")
        active = self.node("Gelu", [inner], "active", approximate="none")
        return self.node("MatMul", [active, self.matrix("down", INNER, WIDTH)], "network")

    def mean(self, source):
        """The sum over a text's tokens, brought to length 1."""
        node = self.node
        mask = node("Unsqueeze", [node("Cast", ["attention_mask"], "kept", to=FLOAT), "axis_1"], "rows")
        total = node("Squeeze", [node("MatMul", [mask, source], "sums"), "axis_1"], "sum")
        length = node("ReduceL2", [total, "axis_1"], "norm", keepdims=1)
        return node("Div", [total, length], "sentence_embedding")
