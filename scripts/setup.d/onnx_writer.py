"""Writes ONNX models with nothing but the Python standard library.

The `onnx` and `numpy` packages are not used because their wheels exist per
Python version and their output may change with their version, while the model
must come out byte for byte the same on every host: its SHA-256 is pinned.

An ONNX file is a protobuf message, which needs only varints, 32-bit floats and
length-delimited fields. The field numbers are those of `onnx.proto`.
"""

import struct

FLOAT, INT8, INT32, INT64 = 1, 3, 6, 7  # TensorProto.DataType
CONTRIB = "com.microsoft"  # the domain of ONNX Runtime's own operators
PAGE = 4096


def varint(value):
    value &= (1 << 64) - 1  # negative numbers are ten bytes of two's complement
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def integer(field, value):
    return varint(field << 3) + varint(value)


def message(field, *parts):
    body = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def attribute(name, value):
    if isinstance(value, int):
        body = integer(3, value) + integer(20, 2)
    elif isinstance(value, float):
        body = varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1)
    elif isinstance(value, list):
        body = b"".join(integer(8, number) for number in value) + integer(20, 7)
    else:
        body = message(4, value) + integer(20, 3)
    return message(5, message(1, name), body)


def value_info(field, name, data_type, shape):
    dimensions = [
        message(1, integer(1, size) if isinstance(size, int) else message(2, size))
        for size in shape
    ]
    tensor = integer(1, data_type) + message(2, *dimensions)
    return message(field, message(1, name), message(2, message(1, tensor)))


class Graph:
    """A graph under construction; its matrices go into a file of their own.

    ONNX Runtime maps that file instead of copying it: the rows of an embedding
    table that no text asks for are never read into memory.
    """

    def __init__(self, weights, weights_name):
        self.weights = weights
        self.weights_name = weights_name
        self.nodes, self.initializers, self.values = [], [], []

    def input(self, name, data_type, shape):
        self.values.append(value_info(11, name, data_type, shape))
        return name

    def output(self, name, data_type, shape):
        self.values.append(value_info(12, name, data_type, shape))

    def integers(self, name, values):
        raw = struct.pack(f"<{len(values)}q", *values)
        return self._initializer(name, INT64, [len(values)], message(9, raw))

    def bytes(self, name, raw):
        return self._initializer(name, INT8, [len(raw)], message(9, raw))

    def vector(self, name, raw):
        return self._initializer(name, FLOAT, [len(raw) // 4], message(9, raw))

    def matrix(self, name, shape, raw, data_type=FLOAT):
        # At a page's start, as a mapping has to begin there.
        offset = self.weights.tell() + -self.weights.tell() % PAGE
        self.weights.seek(offset)
        self.weights.write(raw)
        place = {"location": self.weights_name, "offset": offset, "length": len(raw)}
        entries = [message(13, message(1, k), message(2, str(v))) for k, v in place.items()]
        return self._initializer(name, data_type, shape, b"".join(entries) + integer(14, 1))

    def _initializer(self, name, data_type, shape, data):
        head = b"".join(integer(1, size) for size in shape) + integer(2, data_type)
        self.initializers.append(message(5, head, message(8, name), data))
        return name

    def node(self, operator, inputs, output, domain="", **attributes):
        outputs = [output] if isinstance(output, str) else output
        body = [message(1, name) for name in inputs] + [message(2, name) for name in outputs]
        body += [message(3, outputs[0]), message(4, operator)]
        body += [attribute(name, value) for name, value in attributes.items()]
        self.nodes.append(message(1, *body, message(7, domain)))
        return output

    def model(self, name, opset, ir_version=9):
        parts = self.nodes + [message(2, name)] + self.initializers + self.values
        opsets = [("", opset), (CONTRIB, 1)]
        imports = [message(8, message(1, domain), integer(2, n)) for domain, n in opsets]
        return integer(1, ir_version) + message(7, *parts) + b"".join(imports)
