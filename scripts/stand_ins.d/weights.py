"""Random weights, and how they are put into a graph: as they are, or in eight bits."""

import sys
import zlib
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "setup.d"))
from onnx_writer import CONTRIB, FLOAT, INT8  # noqa: E402

# As encoders are initialised. With 0.04, twelve layers of random weights turn the
# rounding of eight bits into other vectors (cosine 0.4 to 0.7 to fp32).
SCALE = 0.02


def matrix(name, rows, columns):
    """The same for a name wherever it is asked for; nothing is kept in memory."""
    seed = numpy.random.default_rng(zlib.crc32(name.encode()))
    values = seed.standard_normal((rows, columns), dtype=numpy.float32)
    values *= numpy.float32(SCALE)
    return values


def bias(name, size):
    return matrix(name, 1, size)[0]


def scale(name, size):
    """The factor of a layer normalisation, near 1."""
    return 1 + bias(name, size)


class Exact:
    """Puts weights into a graph as they are."""

    def __init__(self, graph):
        self.graph = graph

    def vector(self, name, values):
        return self.graph.vector(name, values.astype("<f4").tobytes())

    def product(self, source, name, shape, output, biased=False):
        """`source` times a matrix of `shape` (values in, values out)."""
        weight = self.graph.matrix(name, shape, matrix(name, *shape).astype("<f4").tobytes())
        result = output if not biased else f"{output}.product"
        self.graph.node("MatMul", [source, weight], result)
        if biased:
            added = self.vector(f"{name}.bias", bias(f"{name}.bias", shape[1]))
            self.graph.node("Add", [result, added], output)
        return output

    def rows(self, name, shape, ids, output):
        """The rows of a table."""
        table = self.graph.matrix(name, shape, matrix(name, *shape).astype("<f4").tobytes())
        return self.graph.node("Gather", [table, ids], output)


class EightBits(Exact):
    """Integers, with a scale for each output of a product and each row of a table."""

    def product(self, source, name, shape, output, biased=False):
        integers, scales = rounded(matrix(name, *shape), axis=0)
        weight = self.graph.matrix(name, shape, integers.tobytes(), INT8)
        inputs = [source, weight, self.vector(f"{name}.scales", scales[0])]
        if biased:
            inputs += ["", self.vector(f"{name}.bias", bias(f"{name}.bias", shape[1]))]
        return self.graph.node("DynamicQuantizeMatMul", inputs, output, CONTRIB)

    def rows(self, name, shape, ids, output):
        node = self.graph.node
        integers, scales = rounded(matrix(name, *shape), axis=1)
        table = self.graph.matrix(name, shape, integers.tobytes(), INT8)
        sizes = self.graph.matrix(f"{name}.scales", [shape[0], 1], scales.astype("<f4").tobytes())
        picked = node("Cast", [node("Gather", [table, ids], f"{output}.integers")], f"{output}.cast", to=FLOAT)
        return node("Mul", [picked, node("Gather", [sizes, ids], f"{output}.sizes")], output)


def rounded(values, axis):
    """Integers and scales: 127 is the largest along `axis`."""
    scales = numpy.abs(values).max(axis=axis, keepdims=True) / 127
    return numpy.rint(values / scales).astype(numpy.int8), scales.astype(numpy.float32)
