"""The report of the main job, in Markdown."""

import os

import checks
from markdown import MARKS, kinds, megabytes, number, seconds, spread, table

NOTE = """Whole processes, each on a new index; the median, with the range where there were several runs. MB is 10⁶ bytes.
Wall time includes making and starting the private server. Peak (VmHWM) and CPU time are those of mnemo-index alone;
PostgreSQL's memory (the sum of its processes' proportional memory) and CPU time beside it are sampled every quarter of
a second. "Other work" is the share of all cores that other programs took meanwhile: with it, a wall time is too long.
"""
PREDECESSOR = """The predecessor was measured once, on another machine with 2 cores, with the same model, in one role where
mnemo-index runs two (text and code): take its column as an order of magnitude.
"""


def markdown(results):
    cases = [case for case in results["cases"] if case.get("summary")]
    parts = [
        about(results),
        "### Asked for and reached\n\n" + asked(results["checks"]),
        "### Runs\n\n" + NOTE + "\n" + runs(results["cases"]),
        *(["### What was written\n\n" + written(cases)] if cases else []),
        *beside(cases),
        *after_kills(results.get("kills")),
        *questions(cases),
    ]
    return "\n".join(parts)


def about(results):
    return table(["measured on", ""], {**results["machine"], **results["program"]}.items())


def asked(found):
    rows = [[c["on"], c["asked"], c["reached"], MARKS[c["ok"]]] for c in found]
    return table(["on", "asked for", "reached", ""], rows)


def runs(cases):
    head = [
        "command",
        "files",
        "wall",
        "CPU",
        "peak",
        "PostgreSQL",
        "other work",
        "tokens/s",
        "nothing changed",
    ]
    return table(head, [run_row(case) for case in cases])


def run_row(case):
    def each(value):
        return [value(run) for run in case["runs"]]

    cpu = spread(each(lambda run: run["user"] + run["system"]), seconds)
    server = spread(each(lambda run: run["server_peak"]), megabytes)
    server += f", CPU {spread(each(lambda run: run['server_cpu']), seconds)}"
    peak = spread(each(lambda run: run["peak"] or run["max_rss"]), megabytes)
    again = seconds(case["unchanged"]["wall"]) if case.get("unchanged") else "–"
    return [
        f"`{case['command']}`",
        kinds(case["files"]["by_outcome"]),
        spread(each(lambda run: run["wall"]), seconds),
        cpu,
        peak,
        server,
        others(case),
        speed(case),
        again,
    ]


def others(case):
    """What ran on the machine besides: the first thing to look at when a row is slow."""
    runs = case["runs"]
    ours = sum(run["user"] + run["system"] + run["server_cpu"] for run in runs)
    foreign = max(0, sum(run["machine"] for run in runs) - ours)
    return f"{100 * foreign / sum(run['wall'] for run in runs) / os.cpu_count():.0f} %"


def speed(case):
    return number(case["summary"]["tokens"] / checks.wall(case)) if case.get("summary") else "–"


def written(cases):
    head = ["on", "chunks", "nodes", "edges", "tokens", "busy: read, chunk, embed, store"]
    return table(head, [written_row(case) for case in cases])


def written_row(case):
    summary = case["summary"]
    busy = ", ".join(
        seconds(summary["ms"][part] / 1000) for part in ("read", "chunk", "embed", "store")
    )
    counted = [kinds(summary[part]) for part in ("chunks", "nodes", "edges")]
    return [case["name"], *counted, number(summary["tokens"]), busy]


# ── Beside the predecessor ──────────────────────────────────────────────────


def beside(cases):
    rxjs = [case for case in cases if case["tree"] == "rxjs"]
    planned = [case for case in cases if case["tree"] in checks.PLANNED]
    parts = [PREDECESSOR + "\n" + measured_before(rxjs[0])] if rxjs else []
    parts += [planned_before(planned)] if planned else []
    return ["### Beside the predecessor\n", *parts] if parts else []


def measured_before(case):
    before, summary = checks.BEFORE, case["summary"]
    wall, peak = checks.wall(case), checks.peak(case)
    rows = [
        ["wall", seconds(before["wall"]), seconds(wall), f"{before['wall'] / wall:.1f}× less"],
        ["peak", megabytes(before["peak"]), megabytes(peak), f"{before['peak'] / peak:.1f}× less"],
    ]
    for what in ("chunks", "nodes", "edges"):
        rows.append([what, number(before[what]), number(sum(summary[what].values())), ""])
    return table(["rxjs", "predecessor, 1 role", "mnemo-index, 2 roles", ""], rows)


def planned_before(cases):
    """What the predecessor's plan expected of such trees."""
    rows = [
        ["done", "100 %", *[f"{indexed(c)} of {c['files']['on_disk']}" for c in cases]],
        ["success, errors", "", *[f"{indexed(c)}, {len(c['failed'])}" for c in cases]],
        ["time", "", *[seconds(checks.wall(c)) for c in cases]],
        ["time a file", "2 s", *[f"{checks.wall(c) / c['files']['on_disk']:.3f} s" for c in cases]],
        ["peak", "< 4 GB", *[megabytes(checks.peak(c)) for c in cases]],
        ["chunks", checks.PLAN["chunks"], *[kinds(c["summary"]["chunks"]) for c in cases]],
        ["nodes", checks.PLAN["nodes"], *[kinds(c["summary"]["nodes"]) for c in cases]],
    ]
    return table(
        ["`--sequential --verbose`", "the predecessor's plan", *[c["name"] for c in cases]], rows
    )


def indexed(case):
    return case["files"]["by_outcome"].get("indexed", 0)


# ── After a kill, and the questions ─────────────────────────────────────────


def after_kills(kills):
    if not kills:
        return []
    head = ["rxjs, killed after", "reported indexed", "whole", "partial", "second run", "end state"]
    return ["### Killed in mid-run (SIGKILL), then again\n", table(head, map(kill_row, kills))]


def kill_row(kill):
    files = kill["second"]["summary"].get("files", {})
    again = f"{files.get('unchanged')} unchanged, {files.get('indexed')} indexed"
    after = f"{kill['share'] * 100:.0f} % of the files, {seconds(kill['first']['wall'])}"
    equal = f"differs: {', '.join(kill['differs'])}" if kill["differs"] else "equal to a clean run"
    return [
        after,
        kill["said"],
        kill["whole"],
        sum(kill["faults"].values()),
        f"{again}, {seconds(kill['second']['wall'])}",
        equal,
    ]


def questions(cases):
    asked_of = [case for case in cases if case["tree"] == "rxjs" and case.get("answers")]
    if not asked_of:
        return []
    rows = [[f"`{question}`", kinds(found)] for question, found in asked_of[0]["answers"]]
    return ["### The three questions\n", table(["question", "answer"], rows)]
