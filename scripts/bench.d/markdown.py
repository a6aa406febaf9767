"""Tables and numbers for people."""

import math

MARKS = {True: "✓", False: "✗", None: ""}


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines) + "\n"


def cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def seconds(value):
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def megabytes(value):
    return f"{value / 1e6:.0f} MB"


def number(value):
    return f"{value:,.0f}"


def kinds(counts):
    """`12 (7 class, 5 function)`: the most frequent first, nothing left out."""
    total = sum(counts.values())
    parts = sorted(counts.items(), key=lambda pair: -pair[1])
    listed = ", ".join(f"{number(count)} {kind}" for kind, count in parts)
    return f"{number(total)} ({listed})" if listed else "0"


def spread(values, shown):
    """The median, and the range where there is more than one run."""
    middle = median(values)
    if len(values) == 1:
        return shown(middle)
    return f"{shown(middle)} ({shown(min(values))} to {shown(max(values))})"


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def percentile(values, share):
    """The least value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
