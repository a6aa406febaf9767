"""Disagreements between the index and the truth, and the verdicts on them.

A verdict stands in scripts/eval/verdicts/CORPUS.tsv: relation, source file,
source, target file, target, `true` or `false` (is there such an edge?), reason.
"""

import random
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "verdicts"
SEED = 20


def read(name):
    """(relation, edge) -> whether it is true."""
    path = FOLDER / f"{name}.tsv"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {(row[0], tuple(row[1:5])): row[5] == "true" for row in rows}


def apply(truth, verdicts):
    for (relation, edge), is_true in verdicts.items():
        if relation == "calls":
            truth.calls.judge(edge, is_true)
        elif relation == "imports":
            truth.imports.judge(edge, is_true)
        else:
            truth.heritage.judge((relation, *edge), is_true)


def disagreements(truth, ours):
    """(relation, edge, what disagrees) of all three relations, sorted."""
    calls, found = truth.calls, set(ours.calls)
    rows = [("calls", edge, "extra") for edge in found - calls.accepted - calls.spared]
    rows += [("calls", edge, "missing") for edge in calls.required - found]
    rows += [("imports", edge, "extra") for edge in ours.imports - truth.imports.accepted]
    rows += [("imports", edge, "missing") for edge in truth.imports.required - ours.imports]
    rows += [(edge[0], edge[1:], "extra") for edge in ours.heritage - truth.heritage.accepted]
    rows += [(edge[0], edge[1:], "missing") for edge in truth.heritage.required - ours.heritage]
    return sorted(rows)


def sample(rows, count):
    return random.Random(SEED).sample(rows, min(count, len(rows)))


def show(corpus, truth, ours, count):
    """Prints a sample with the lines of the source, to be judged by hand."""
    rows = disagreements(truth, ours)
    known = read(corpus.name)
    print(f"\n{corpus.name}: {len(rows)} disagreements, {sum((row[0], row[1]) in known for row in rows)} of them judged")
    for relation, edge, what in sample(rows, count):
        verdict = {True: "true", False: "false", None: "?"}[known.get((relation, edge))]
        print("\n" + "\t".join([relation, *edge, verdict]), f"[{what}]")
        for line in evidence(corpus, truth, ours, relation, edge):
            print(f"    {line}")


def evidence(corpus, truth, ours, relation, edge):
    """The lines that the index or the truth names for an edge."""
    if relation != "calls":
        return
    seen = set()
    for at, keys in ours.at.items():
        if edge in keys:
            seen.add(at)
            yield f"ours  {line_of(corpus, at)}  ({', '.join(sorted(ours.resolutions(edge)))}){told(truth.sites.get(at))}"
    for at, site in truth.sites.items():
        if edge in site.required and at not in seen:
            reference = ours.graph.open.get(("calls", *at), "not seen")
            became = sorted(ours.at[at]) if at in ours.at else reference or "unresolved"
            yield f"truth {line_of(corpus, at)}  (ours: {became})"


def told(site):
    if site is None:
        return " not a site of the truth"
    return f" truth: {sorted(edge[2:] for edge in site.accepted) or site.why}"


def line_of(corpus, at):
    path, line, column = at
    text = (corpus.tree / path).read_text(encoding="utf-8", errors="replace").split("\n")[line - 1]
    return f"{path}:{line}:{column}: {text.strip()[:160]}"
