"""Compares what the chunker found with the truth, and checks that every line
of code is covered.

    python3 compare.py NAME ROOT TRUTH.ndjson FOUND.ndjson [--show N]

Prints a Markdown table for each kind of definition and one line of coverage.
Exits 1 if a target is missed.
"""

import argparse
import collections
import json
import pathlib
import sys

TARGET = 0.995
STORED = 1.15


def by_path(file):
    with open(file, encoding="utf-8") as lines:
        return {one["path"]: one for one in map(json.loads, lines)}


def grouped(definitions, line):
    """Definitions by kind and qualname, each group in the order of its lines."""
    groups = collections.defaultdict(list)
    for one in definitions:
        groups[one["kind"], one["qualname"], one["name"]].append((one[line], one.get("end", one.get("end_line"))))
    return {key: sorted(group) for key, group in groups.items()}


class Score:
    def __init__(self):
        self.true = self.found = self.matched = self.line = self.end = 0

    def add(self, true, found):
        pairs = list(zip(true, found))
        self.true += len(true)
        self.found += len(found)
        self.matched += len(pairs)
        self.line += sum(t[0] == f[0] for t, f in pairs)
        self.end += sum(t[1] == f[1] for t, f in pairs)

    def rates(self):
        of = lambda part, whole: part / whole if whole else 1.0
        return [
            of(self.matched, self.true),
            of(self.matched, self.found),
            of(self.line, self.matched),
            of(self.end, self.matched),
        ]

    def row(self, name):
        rates = " | ".join(f"{100 * rate:.2f} %" for rate in self.rates())
        return f"| {name} | {self.true} | {self.found} | {rates} |"


def score(truth, found, show):
    scores = collections.defaultdict(Score)
    shown = 0
    for path, true in truth.items():
        if "error" in true:
            continue
        trues = grouped(true["definitions"], "line")
        founds = grouped(found[path]["definitions"], "definition_line")
        for key in trues.keys() | founds.keys():
            one, other = trues.get(key, []), founds.get(key, [])
            scores[key[0]].add(one, other)
            if one != other and shown < show:
                shown += 1
                print(f"{path}: {key[0]} {key[1]}: true {one} found {other}", file=sys.stderr)
    return scores


def covered(text, chunks):
    """Which lines stand in the source of a chunk whose lines hold them."""
    lines = text.split("\n")
    seen = [not line.strip() for line in lines]
    for chunk in chunks:
        own = {line.strip() for line in chunk["source_code"].split("\n")}
        for at in range(chunk["start_line"] - 1, min(chunk["end_line"], len(lines))):
            seen[at] = seen[at] or lines[at].strip() in own
    missed = [at + 1 for at, ok in enumerate(seen) if not ok]
    in_pieces = [at for at in missed if stands_in_pieces(lines[at - 1], at, chunks)]
    missed = [at for at in missed if at not in in_pieces]
    return missed, len(in_pieces), sum(map(bool, map(str.strip, lines)))


def stands_in_pieces(line, number, chunks):
    """Whether each character of a line too long for a window stands in a chunk."""
    seen = [not char.strip() for char in line]
    for chunk in chunks:
        if not chunk["start_line"] <= number <= chunk["end_line"]:
            continue
        for piece in map(str.strip, chunk["source_code"].split("\n")):
            at = line.find(piece) if piece else -1
            while at >= 0:
                seen[at:at + len(piece)] = [True] * len(piece)
                at = line.find(piece, at + len(piece))
    return all(seen)


class Coverage:
    def __init__(self):
        self.lines = self.missed = self.in_pieces = self.bytes = self.stored = self.chunks = 0
        self.worst = (0.0, "")
        self.tokens = self.above = 0
        self.code, self.text = {}, {}

    def add(self, root, path, file, show):
        text = (root / path).read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
        missed, in_pieces, lines = covered(text, file["chunks"])
        self.lines += lines
        self.missed += len(missed)
        self.in_pieces += in_pieces
        if missed and show:
            print(f"{path}: lines not covered: {missed[:10]}", file=sys.stderr)
        stored = sum(len(chunk["source_code"].encode()) for chunk in file["chunks"])
        self.bytes += len(text.encode())
        self.stored += stored
        self.chunks += len(file["chunks"])
        if text.strip():
            ratio = stored / len(text.encode())
            self.above += ratio > STORED
            self.worst = max(self.worst, (ratio, path))
        for chunk in file["chunks"]:
            self.tokens = max(self.tokens, chunk["code_tokens"], chunk["text_tokens"])
            self.code[chunk["code_input"]] = chunk["code_tokens"]
            self.text[chunk["text_input"]] = chunk["text_tokens"]

    def line(self):
        share = 100 * (1 - self.missed / max(1, self.lines))
        ratio = self.stored / max(1, self.bytes)
        return (
            f"{self.chunks} chunks; {share:.3f} % of {self.lines} lines of code covered ({self.in_pieces} too long for a window, in pieces); stored text "
            f"{ratio:.3f} x the files (at most {self.worst[0]:.3f} x, {self.worst[1]}; {self.above} files above {STORED} x); "
            f"longest input {self.tokens} tokens; distinct inputs have {sum(self.code.values())} "
            f"CODE and {sum(self.text.values())} TEXT tokens"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("truth")
    parser.add_argument("found")
    parser.add_argument("--show", type=int, default=0)
    args = parser.parse_args()
    truth, found = by_path(args.truth), by_path(args.found)
    scores = score(truth, found, args.show)
    coverage = Coverage()
    for path, file in found.items():
        coverage.add(args.root, path, file, args.show)
    broken = [path for path, one in truth.items() if "error" in one]
    excluded = collections.Counter()
    for one in truth.values():
        excluded.update(one.get("excluded", {}))

    print(f"### {args.name}: {len(truth)} files\n")
    print("| kind | true | found | recall | precision | exact line | exact end |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    total = Score()
    for kind, one in sorted(scores.items()):
        print(one.row(kind))
        for field in vars(total):
            setattr(total, field, getattr(total, field) + getattr(one, field))
    print(total.row("**all**"))
    print(f"\n{coverage.line()}.")
    left_out = ", ".join(f"{count} {what}" for what, count in excluded.most_common())
    print(f"Left out of the truth: {left_out or 'nothing'}; files that the truth's own parser refuses: {len(broken)}.\n")
    ok = min(total.rates()) >= TARGET and not coverage.missed and coverage.stored <= STORED * coverage.bytes
    sys.exit(0 if ok else 1)


main()
