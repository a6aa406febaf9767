"""The two architectures as ONNX graphs of plain operators, as exporters write them.

nomic: word and type embeddings, layer normalisation; then in each layer rotary
attention without biases and a SwiGLU network, each followed by residual and
normalisation. jina (code): the same start; attention with biases, query and key
normalised over their whole width, scores shifted by ALiBi; residual and
normalisation twice; a gated network with GELU; residual and normalisation.
"""

import struct

import numpy
import weights
from onnx_writer import FLOAT, INT64, Graph

WIDTH, HEADS, HEAD, INNER = 768, 12, 64, 3072
POSITIONS = 8192
EPSILON = 1e-12
ROTARY_BASE = 1000.0
MASKED = -1e4
OPSET = 20


def slopes():
    """ALiBi's for 12 heads: of 8 heads, then every other one of 16."""
    of = lambda heads: [2 ** (-8 * (head + 1) / heads) for head in range(heads)]
    return numpy.array(of(8) + of(16)[::2][:4], dtype=numpy.float32)


def angles():
    """Positions × half a head."""
    frequencies = ROTARY_BASE ** (-numpy.arange(0, HEAD, 2, dtype=numpy.float64) / HEAD)
    return numpy.outer(numpy.arange(POSITIONS), frequencies)


class Encoder:
    """What both have in common. `store` says how weights are put in."""

    inputs = ("input_ids", "attention_mask")
    prefix = ""

    def __init__(self, graph, store, vocabulary):
        self.graph, self.store, self.vocabulary = graph, store, vocabulary
        self.node = graph.node

    def build(self, name, layers):
        for given in self.inputs:
            self.graph.input(given, INT64, ["batch", "sequence"])
        self.constants()
        hidden = self.embeddings()
        for index in range(layers):
            hidden = self.layer(hidden, f"{self.prefix}layers.{index}")
        self.node("Identity", [hidden], "last_hidden_state")
        self.graph.output("last_hidden_state", FLOAT, ["batch", "sequence", WIDTH])
        return self.graph.model(name, OPSET)

    def number(self, name, value):
        return self.graph.vector(name, struct.pack("<f", value))

    def constants(self):
        node, graph = self.node, self.graph
        graph.integers("split_heads", [0, 0, HEADS, HEAD])
        graph.integers("join_heads", [0, 0, WIDTH])
        graph.integers("axes_1_2", [1, 2])
        self.number("one", 1.0)
        self.number("masked", MASKED)
        self.number("root", HEAD**-0.5)
        node("Shape", ["input_ids"], "length", start=1)
        mask = node("Unsqueeze", [node("Cast", ["attention_mask"], "float_mask", to=FLOAT), "axes_1_2"], "mask")
        node("Mul", [node("Sub", ["one", mask], "absent"), "masked"], "padding")

    def normalised(self, source, name):
        factors = self.store.vector(f"{name}.weight", weights.scale(f"{name}.weight", WIDTH))
        shifts = self.store.vector(f"{name}.bias", weights.bias(f"{name}.bias", WIDTH))
        return self.node("LayerNormalization", [source, factors, shifts], f"{name}.output", axis=-1, epsilon=EPSILON)

    def residual(self, source, skipped, name):
        return self.normalised(self.node("Add", [source, skipped], f"{name}.sum"), name)

    def embeddings(self):
        words = self.store.rows(f"{self.prefix}words", [self.vocabulary, WIDTH], "input_ids", "word_rows")
        types = self.types()
        return self.normalised(self.node("Add", [words, types], "embedded"), f"{self.prefix}norm")

    def heads(self, source, name):
        split = self.node("Reshape", [source, "split_heads"], f"{name}.split")
        return self.node("Transpose", [split], f"{name}.heads", perm=[0, 2, 1, 3])

    def attend(self, parts, bias, name):
        query, key, value = parts
        node = self.node
        turned = node("Transpose", [key], f"{name}.turned", perm=[0, 1, 3, 2])
        scores = node("MatMul", [query, turned], f"{name}.scores")
        scores = node("Mul", [scores, "root"], f"{name}.scaled")
        scores = node("Add", [scores, bias], f"{name}.biased")
        shares = node("Softmax", [scores], f"{name}.shares", axis=-1)
        context = node("MatMul", [shares, value], f"{name}.context")
        context = node("Transpose", [context], f"{name}.joined", perm=[0, 2, 1, 3])
        return node("Reshape", [context, "join_heads"], f"{name}.rows")


class Nomic(Encoder):
    inputs = ("input_ids", "token_type_ids", "attention_mask")
    prefix = "nomic."

    def constants(self):
        super().constants()
        self.graph.integers("zero", [0])
        self.graph.integers("axis_0", [0])
        self.graph.integers("last", [3])
        self.graph.integers("half", [HEAD // 2])
        self.graph.integers("whole", [HEAD])
        for name, function in (("cos", numpy.cos), ("sin", numpy.sin)):
            table = function(angles()).astype("<f4").tobytes()
            table = self.graph.matrix(f"{name}_table", [POSITIONS, HEAD // 2], table)
            self.node("Slice", [table, "zero", "length", "axis_0"], name)

    def types(self):
        return self.store.rows(f"{self.prefix}types", [2, WIDTH], "token_type_ids", "type_rows")

    def turned(self, source, name):
        """Rotated by position, the first half of a head with the second."""
        node = self.node
        first = node("Slice", [source, "zero", "half", "last"], f"{name}.first")
        second = node("Slice", [source, "half", "whole", "last"], f"{name}.second")
        times = lambda part, table, label: node("Mul", [part, table], f"{name}.{label}")
        left = node("Sub", [times(first, "cos", "fc"), times(second, "sin", "ss")], f"{name}.left")
        right = node("Add", [times(second, "cos", "sc"), times(first, "sin", "fs")], f"{name}.right")
        return node("Concat", [left, right], f"{name}.rotated", axis=-1)

    def layer(self, source, name):
        product = self.store.product
        joint = product(source, f"{name}.Wqkv", [WIDTH, 3 * WIDTH], f"{name}.qkv")
        names = [f"{name}.{part}" for part in ("q", "k", "v")]
        self.graph.integers(f"{name}.thirds", [WIDTH] * 3)
        self.node("Split", [joint, f"{name}.thirds"], names, axis=-1)
        query, key, value = (self.heads(part, part) for part in names)
        parts = (self.turned(query, f"{name}.q"), self.turned(key, f"{name}.k"), value)
        context = self.attend(parts, "padding", name)
        projected = product(context, f"{name}.out_proj", [WIDTH, WIDTH], f"{name}.projected")
        attended = self.residual(projected, source, f"{name}.norm1")
        up = product(attended, f"{name}.fc11", [WIDTH, INNER], f"{name}.up")
        gate = product(attended, f"{name}.fc12", [WIDTH, INNER], f"{name}.gate")
        gate = self.node("Mul", [gate, self.node("Sigmoid", [gate], f"{name}.sigmoid")], f"{name}.silu")
        inner = self.node("Mul", [up, gate], f"{name}.gated")
        down = product(inner, f"{name}.fc2", [INNER, WIDTH], f"{name}.down")
        return self.residual(down, attended, f"{name}.norm2")


class Jina(Encoder):
    prefix = "jina."

    def constants(self):
        super().constants()
        node, graph = self.node, self.graph
        graph.integers("axis_0", [0])
        graph.integers("axis_1", [1])
        graph.integers("slope_shape", [HEADS, 1, 1])
        graph.vector("slope_values", (-slopes()).astype("<f4").tobytes())
        slope = node("Reshape", ["slope_values", "slope_shape"], "slopes")
        ones = node("ConstantOfShape", ["length"], "nothing")
        ones = node("Add", [ones, "one"], "ones")
        counted = node("CumSum", [ones, "axis_0"], "counted")
        across = node("Unsqueeze", [counted, "axis_0"], "across")
        down = node("Unsqueeze", [counted, "axis_1"], "downwards")
        distance = node("Abs", [node("Sub", [across, down], "differences")], "distances")
        alibi = node("Mul", [distance, slope], "alibi")
        node("Add", [alibi, "padding"], "bias")

    def types(self):
        # The exporter leaves the input out, so all tokens are of the first type.
        return self.store.vector("jina.type", weights.bias("jina.type", WIDTH))

    def layer(self, source, name):
        product = self.store.product
        parts = []
        for part in ("query", "key", "value"):
            values = product(source, f"{name}.{part}", [WIDTH, WIDTH], f"{name}.{part}.values", biased=True)
            if part != "value":
                values = self.normalised(values, f"{name}.norm_{part}")
            parts.append(self.heads(values, f"{name}.{part}"))
        context = self.attend(parts, "bias", name)
        projected = product(context, f"{name}.dense", [WIDTH, WIDTH], f"{name}.projected", biased=True)
        attended = self.residual(projected, source, f"{name}.attention_norm")
        attended = self.residual(attended, source, f"{name}.norm_1")
        both = product(attended, f"{name}.up_gated", [WIDTH, 2 * INNER], f"{name}.both")
        self.graph.integers(f"{name}.halves", [INNER] * 2)
        self.node("Split", [both, f"{name}.halves"], [f"{name}.up", f"{name}.gate"], axis=-1)
        gate = self.node("Gelu", [f"{name}.gate"], f"{name}.gelu", approximate="none")
        inner = self.node("Mul", [f"{name}.up", gate], f"{name}.gated")
        down = product(inner, f"{name}.down_layer", [INNER, WIDTH], f"{name}.down", biased=True)
        return self.residual(down, attended, f"{name}.norm_2")


def write(encoder, store, path, size):
    """`encoder` with its weights beside it; `size` is (words, layers)."""
    vocabulary, layers = size
    with open(f"{path}.data", "wb") as data:
        graph = Graph(data, f"{path.name}.data")
        model = encoder(graph, store(graph), vocabulary).build(path.parent.name, layers)
    path.write_bytes(model)
