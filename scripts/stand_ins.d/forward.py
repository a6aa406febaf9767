"""The two architectures in numpy, written apart from the graphs: what their
vectors should be."""

import math

import numpy
import weights

WIDTH, HEADS, HEAD, INNER = 768, 12, 64, 3072
ERF = numpy.vectorize(math.erf, otypes=[numpy.float64])


def product(x, name, columns, biased=False):
    y = x @ weights.matrix(name, x.shape[-1], columns).astype(numpy.float64)
    return y + weights.bias(f"{name}.bias", columns) if biased else y


def normalised(x, name):
    centred = x - x.mean(-1, keepdims=True)
    x = centred / numpy.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return x * weights.scale(f"{name}.weight", WIDTH) + weights.bias(f"{name}.bias", WIDTH)


def softmax(x):
    x = numpy.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def attention(query, key, value, shift):
    """Head by head, rows are tokens."""
    parts = []
    for head in range(HEADS):
        of = slice(head * HEAD, (head + 1) * HEAD)
        scores = query[:, of] @ key[:, of].T / math.sqrt(HEAD) + shift(head)
        parts.append(softmax(scores) @ value[:, of])
    return numpy.concatenate(parts, axis=1)


def rotate(x):
    """Each pair (i, i + 32) of a head as a complex number, turned by position."""
    tokens = len(x)
    heads = x.reshape(tokens, HEADS, HEAD)
    numbers = heads[..., : HEAD // 2] + 1j * heads[..., HEAD // 2 :]
    speed = 1000.0 ** (-2 * numpy.arange(HEAD // 2) / HEAD)
    numbers = numbers * numpy.exp(1j * numpy.arange(tokens)[:, None] * speed)[:, None, :]
    return numpy.concatenate([numbers.real, numbers.imag], axis=-1).reshape(tokens, WIDTH)


def nomic(ids, vocabulary, layers):
    x = weights.matrix("nomic.words", vocabulary, WIDTH)[ids] + weights.matrix("nomic.types", 2, WIDTH)[0]
    x = normalised(x.astype(numpy.float64), "nomic.norm")
    for index in range(layers):
        name = f"nomic.layers.{index}"
        query, key, value = numpy.split(product(x, f"{name}.Wqkv", 3 * WIDTH), 3, axis=1)
        context = attention(rotate(query), rotate(key), value, lambda head: 0)
        x = normalised(x + product(context, f"{name}.out_proj", WIDTH), f"{name}.norm1")
        gate = product(x, f"{name}.fc12", INNER)
        inner = product(x, f"{name}.fc11", INNER) * gate / (1 + numpy.exp(-gate))
        x = normalised(x + product(inner, f"{name}.fc2", WIDTH), f"{name}.norm2")
    return pooled(x)


def jina(ids, vocabulary, layers):
    x = weights.matrix("jina.words", vocabulary, WIDTH)[ids] + weights.bias("jina.type", WIDTH)
    x = normalised(x.astype(numpy.float64), "jina.norm")
    places = numpy.arange(len(ids))
    distance = numpy.abs(places[:, None] - places)
    slope = [2.0 ** -(k + 1) for k in range(8)] + [2.0 ** -(k + 0.5) for k in range(4)]
    for index in range(layers):
        name = f"jina.layers.{index}"
        query = normalised(product(x, f"{name}.query", WIDTH, True), f"{name}.norm_query")
        key = normalised(product(x, f"{name}.key", WIDTH, True), f"{name}.norm_key")
        value = product(x, f"{name}.value", WIDTH, True)
        context = attention(query, key, value, lambda head: -slope[head] * distance)
        y = normalised(x + product(context, f"{name}.dense", WIDTH, True), f"{name}.attention_norm")
        x = normalised(x + y, f"{name}.norm_1")
        up, gate = numpy.split(product(x, f"{name}.up_gated", 2 * INNER), 2, axis=1)
        inner = up * gate * (1 + ERF(gate / math.sqrt(2))) / 2
        x = normalised(x + product(inner, f"{name}.down_layer", WIDTH, True), f"{name}.norm_2")
    return pooled(x)


def pooled(x):
    mean = x.mean(0)
    return (mean / numpy.linalg.norm(mean)).tolist()
