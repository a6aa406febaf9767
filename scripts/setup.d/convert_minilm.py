#!/usr/bin/env python3
"""Turns the all-MiniLM-L6-v2 weights (safetensors) into an ONNX model.

usage: convert_minilm.py MODEL.SAFETENSORS FOLDER

Writes FOLDER/model.onnx and FOLDER/model.int8.onnx, each with a file of weights
beside it, the same bytes on every host. Like `onnx_writer`, it needs the Python
standard library only.

The graph takes token ids and gives normalised sentence vectors. The tokens of
all texts are rows of one matrix, so that every product with weights is a single
`Gemm` that adds its bias on the way; only attention looks at texts one by one.

In int8 the weights are integers with a scale for each output, and so is the
table of words with one for each word; what goes into a product is rounded when
it is known (dynamic quantisation), with one scale for all of it.
"""

import array
import itertools
import json
import mmap
import struct
import sys
from pathlib import Path

from onnx_writer import CONTRIB, FLOAT, INT8, INT32, INT64, Graph

WIDTH, HEADS, LAYERS, INNER = 384, 12, 6, 1536
VOCABULARY, POSITIONS, TOKEN_TYPES = 30522, 512, 2
EPSILON = 1e-12
OPSET = 20  # the first with Gelu as one operator


class Safetensors:
    """A safetensors file: the length of a JSON header, the header, raw values."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.start = 8 + struct.unpack("<Q", self.bytes[:8])[0]
        self.header = json.loads(self.bytes[8 : self.start])

    def raw(self, name, shape):
        entry = self.header[name]
        if (entry["dtype"], entry["shape"]) != ("F32", list(shape)):
            raise SystemExit(f"error: {name} is {entry['dtype']} {entry['shape']}, not F32 {shape}")
        begin, end = entry["data_offsets"]
        return self.bytes[self.start + begin : self.start + end]

    def transposed(self, name, rows, columns):
        """Linear layers are stored output × input; a product wants the reverse."""
        values = array.array("f", self.raw(name, (rows, columns)))
        return [values[column::columns].tobytes() for column in range(columns)]


class MiniLm:
    """Adds the parts of the model to a graph."""

    def __init__(self, weights, graph):
        self.weights, self.graph = weights, graph

    def vector(self, name, size=WIDTH):
        return self.graph.vector(name, self.weights.raw(name, (size,)))

    def linear(self, name, rows, columns):
        """Weight and bias of a layer from `columns` to `rows` values."""
        raw = b"".join(self.weights.transposed(f"{name}.weight", rows, columns))
        weight = self.graph.matrix(f"{name}.weight", [columns, rows], raw)
        return [weight, self.vector(f"{name}.bias", rows)]

    def normalised(self, source, name):
        scale_and_bias = [self.vector(f"{name}.weight"), self.vector(f"{name}.bias")]
        return self.graph.node(
            "LayerNormalization", [source, *scale_and_bias], f"{name}.output", epsilon=EPSILON
        )

    def product(self, source, layer, output):
        """`source` times the weights of a layer, given as (name, rows, columns)."""
        return self.graph.node("Gemm", [source, *self.linear(*layer)], output)

    def words(self):
        table = self.table("word_embeddings", VOCABULARY)
        return self.graph.node("Gather", [table, "input_ids"], "words")

    def table(self, name, rows):
        raw = self.weights.raw(f"embeddings.{name}.weight", (rows, WIDTH))
        return self.graph.matrix(name, [rows, WIDTH], raw)

    def constants(self):
        self.graph.integers("zero", [0])
        self.graph.integers("axis_1", [1])
        self.graph.integers("row_shape", [-1, WIDTH])
        self.graph.integers("width", [WIDTH])

    def embeddings(self):
        node = self.graph.node
        words = self.words()
        types = self.table("token_type_embeddings", TOKEN_TYPES)
        types = node("Gather", [types, "token_type_ids"], "types")
        positions = self.table("position_embeddings", POSITIONS)
        length = node("Shape", ["input_ids"], "length", start=1)
        positions = node("Slice", [positions, "zero", length, "zero"], "positions")
        total = node("Add", [node("Add", [words, types], "typed"), positions], "embedded")
        rows = node("Reshape", [total, "row_shape"], "embedded_rows")
        return self.normalised(rows, "embeddings.LayerNorm")

    def shapes(self):
        """What every layer uses: the mask, and the shape of its tokens by text."""
        node = self.graph.node
        node("Cast", ["attention_mask"], "mask", to=INT32)
        node("Concat", [node("Shape", ["input_ids"], "text_shape"), "width"], "shape", axis=0)

    def query_key_value(self, name):
        """Query, key and value side by side: one product instead of three."""
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        columns = [self.weights.transposed(f"{part}.weight", WIDTH, WIDTH) for part in parts]
        raw = b"".join(b"".join(row) for row in zip(*columns))
        bias = b"".join(self.weights.raw(f"{part}.bias", (WIDTH,)) for part in parts)
        weight = self.graph.matrix(f"{name}.weight", [WIDTH, 3 * WIDTH], raw)
        return [weight, self.graph.vector(f"{name}.bias", bias)]

    def context(self, source, name):
        texts = self.graph.node("Reshape", [source, "shape"], f"{name}.texts")
        inputs = [texts, *self.query_key_value(f"{name}.self"), "mask"]
        return self.graph.node("Attention", inputs, f"{name}.context", CONTRIB, num_heads=HEADS)

    def attention(self, source, name):
        context = self.context(source, name)
        rows = self.graph.node("Reshape", [context, "row_shape"], f"{name}.rows")
        return self.residual(rows, source, f"{name}.output", WIDTH)

    def residual(self, source, skipped, name, inner):
        # `Add` and `LayerNormalization` one after the other: ONNX Runtime's
        # SkipLayerNormalization was measured slower on a CPU.
        node = self.graph.node
        projected = self.product(source, (f"{name}.dense", WIDTH, inner), f"{name}.dense")
        total = node("Add", [projected, skipped], f"{name}.sum")
        return self.normalised(total, f"{name}.LayerNorm")

    def layer(self, source, name):
        attended = self.attention(source, f"{name}.attention")
        layer = (f"{name}.intermediate.dense", INNER, WIDTH)
        inner = self.product(attended, layer, f"{name}.intermediate")
        active = self.graph.node("Gelu", [inner], f"{name}.gelu", approximate="none")
        return self.residual(active, attended, f"{name}.output", INNER)

    def pooled(self, rows):
        """The sum over a text's tokens: brought to length 1 it equals the mean."""
        node = self.graph.node
        texts = node("Reshape", [rows, "shape"], "token_embeddings")
        mask = node("Cast", ["attention_mask"], "float_mask", to=FLOAT)
        mask = node("Unsqueeze", [mask, "axis_1"], "mask_rows")
        total = node("Squeeze", [node("MatMul", [mask, texts], "sums"), "axis_1"], "sum")
        # Not LpNormalization, which few execution providers have.
        length = node("ReduceL2", [total, "axis_1"], "norm", keepdims=1)
        return node("Div", [total, length], "sentence_embedding")


class Int8MiniLm(MiniLm):
    """The same model with integers for its large tensors."""

    def quantised(self, lines):
        """Integers and scales of lines of values: 127 is a line's largest."""
        integers, scales = [], array.array("f")
        for line in lines:
            largest = max(max(line), -min(line)) or 1.0
            integers.append(array.array("b", [round(value * 127 / largest) for value in line]))
            scales.append(largest / 127)
        return integers, scales.tobytes()

    def lines(self, name, rows, columns):
        values = array.array("f", self.weights.raw(name, (rows, columns)))
        return [values[row * columns : (row + 1) * columns] for row in range(rows)]

    def integers(self, names, rows, columns):
        """Weight, scales and bias of layers side by side, by the name of the first."""
        lines = [line for name in names for line in self.lines(f"{name}.weight", rows, columns)]
        integers, scales = self.quantised(lines)
        raw = array.array("b", itertools.chain.from_iterable(zip(*integers))).tobytes()
        weight = self.graph.matrix(f"{names[0]}.weight", [columns, len(lines)], raw, INT8)
        bias = b"".join(self.weights.raw(f"{name}.bias", (rows,)) for name in names)
        scales = self.graph.vector(f"{names[0]}.scales", scales)
        return weight, scales, self.graph.vector(f"{names[0]}.bias", bias)

    def product(self, source, layer, output):
        name, rows, columns = layer
        weight, scales, bias = self.integers([name], rows, columns)
        inputs = [source, weight, scales, "", bias]
        return self.graph.node("DynamicQuantizeMatMul", inputs, output, CONTRIB)

    def words(self):
        node = self.graph.node
        rows, scales = self.quantised(self.lines("embeddings.word_embeddings.weight", VOCABULARY, WIDTH))
        table = self.graph.matrix("word_embeddings", [VOCABULARY, WIDTH], b"".join(rows), INT8)
        scales = self.graph.matrix("word_scales", [VOCABULARY, 1], scales)
        words = node("Gather", [table, "input_ids"], "integer_words")
        words = node("Cast", [words], "unscaled_words", to=FLOAT)
        return node("Mul", [words, node("Gather", [scales, "input_ids"], "scales")], "words")

    def constants(self):
        super().constants()
        self.graph.bytes("no_offset", bytes(3 * WIDTH))

    def context(self, source, name):
        parts = [f"{name}.self.{part}" for part in ("query", "key", "value")]
        weight, scales, bias = self.integers(parts, WIDTH, WIDTH)
        outputs = [f"{name}.input", f"{name}.scale", f"{name}.offset"]
        self.graph.node("DynamicQuantizeLinear", [source], outputs)
        texts = self.graph.node("Reshape", [outputs[0], "shape"], f"{name}.texts")
        inputs = [texts, weight, bias, outputs[1], scales, "mask", outputs[2], "no_offset"]
        return self.graph.node("QAttention", inputs, f"{name}.context", CONTRIB, num_heads=HEADS)


def build(form, weights, graph):
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        graph.input(name, INT64, ["batch", "sequence"])
    model = form(weights, graph)
    model.constants()
    model.shapes()
    rows = model.embeddings()
    for index in range(LAYERS):
        rows = model.layer(rows, f"encoder.layer.{index}")
    graph.output(model.pooled(rows), FLOAT, ["batch", WIDTH])
    return graph.model("all-minilm-l6-v2", OPSET)


FORMS = (("model.onnx", MiniLm), ("model.int8.onnx", Int8MiniLm))


def main(source, folder):
    if sys.byteorder != "little":
        raise SystemExit("error: the conversion needs a little-endian machine")
    for name, form in FORMS:
        data = Path(folder, f"{name}.data")
        with open(data, "wb") as weights:
            model = build(form, Safetensors(source), Graph(weights, data.name))
        Path(folder, name).write_bytes(model)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: convert_minilm.py MODEL.SAFETENSORS FOLDER")
    main(*sys.argv[1:])
