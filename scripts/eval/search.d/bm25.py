"""BM25 over chunks, by rank-bm25: run in an environment of its own.

Standard input: a JSON object with `documents`, `queries` and `depth`. Standard
output: for each query the numbers of the best documents, as JSON.
"""

import json
import re
import sys

import numpy
from rank_bm25 import BM25Okapi

# A capital after a small letter, the last of several before one, digits apart.
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


def words(text):
    """Identifiers, and their parts."""
    for name in re.findall(r"\w+", text):
        parts = [part.lower() for part in PARTS.findall(name)]
        yield from parts
        if len(parts) > 1:
            yield "".join(parts)


def best(index, query, depth):
    scores = index.get_scores(list(words(query)))
    order = numpy.argsort(-scores, kind="stable")[:depth]
    return [int(number) for number in order if scores[number] > 0]


def main():
    asked = json.load(sys.stdin)
    index = BM25Okapi([list(words(document)) for document in asked["documents"]])
    json.dump([best(index, query, asked["depth"]) for query in asked["queries"]], sys.stdout)


if __name__ == "__main__":
    main()
