"""What scip-python finds at each call, decorator and base class of Python
files: one JSON object a line, for each file named on standard input.

    python3 truth_scip.py ROOT INDEX.scip FOLDER < files

An occurrence counts if its symbol is defined where `ast` sees a `def` or a
`class`. FOLDER is the one below ROOT that the index was limited to; its paths are
relative to that. The index is read with the few rules of protobuf that it needs; field
numbers are those of `scip.proto`.
"""

import json
import pathlib
import sys

import python_sites

DEFINITION = 1  # SymbolRole
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Number and value of each field of a message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = varint(data, at)
        elif kind == BYTES:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            size = 8 if kind == FIXED64 else 4
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def integers(data):
    at, found = 0, []
    while at < len(data):
        value, at = varint(data, at)
        found.append(value)
    return found


def occurrence(data):
    """(line, column) from 1, symbol, whether it is the definition."""
    place, symbol, roles = None, "", 0
    for number, value in fields(data):
        if number == 1:
            place = tuple(part + 1 for part in integers(value)[:2])
        elif number == 2:
            symbol = value.decode()
        elif number == 3:
            roles = value
    return place, symbol, bool(roles & DEFINITION)


def documents(index):
    for number, document in fields(index):
        if number != 2:
            continue
        parts = list(fields(document))
        path = next(value.decode() for field, value in parts if field == 1)
        yield path, [occurrence(value) for field, value in parts if field == 2]


def definitions(root, found):
    """Symbol -> (path, qualname) of the functions and classes."""
    places = {}
    for path, occurrences in found.items():
        file = python_sites.read(root, path)
        for place, symbol, defined in occurrences:
            qualname = defined and file and file.definitions.get((place[0], file.word(*place)))
            if qualname:
                places[symbol] = {"path": path, "qualname": python_sites.folded(qualname)}
    return places


def main():
    root = pathlib.Path(sys.argv[1])
    below = pathlib.PurePosixPath(sys.argv[3])
    index = pathlib.Path(sys.argv[2]).read_bytes()
    found = {(below / path).as_posix(): occurrences for path, occurrences in documents(index)}
    defined = definitions(root, found)
    for path in sys.stdin.read().splitlines():
        file = python_sites.read(root, path)
        at = {}
        for place, symbol, is_definition in found.get(path, []):
            if not is_definition:
                at.setdefault(place, []).append(symbol)
        for site in file.sites if file else []:
            symbols = at.get((site.line, site.column), [])
            targets = [defined[symbol] for symbol in symbols if symbol in defined]
            fact = {"fact": site.fact, "path": path, "source": site.source, "name": site.name, "text": site.text}
            print(json.dumps({**fact, "line": site.line, "column": site.column, "targets": targets, "seen": bool(symbols)}))


main()
