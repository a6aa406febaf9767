"""The main job end to end: time, memory and completeness on real repositories.

Per tree: a clean run with a new index and a new private server, then a second
run with nothing changed. On rxjs also: runs that are killed with SIGKILL after a
share of the files, and what stands in the index then and after the next run; and
the three questions that are asked after a run.

Memory is the high-water mark of mnemo-index itself (VmHWM), with PostgreSQL's
beside it (proportional, sampled); CPU time likewise. Wall time is that of the
whole process, with making and starting its server.
"""

import json
from dataclasses import dataclass, replace

import accounting
import checks
import home
import machine
import main_job_report
import prepare
import state
from prepare import positive, say

STEP_BY_STEP = ("--sequential", "--verbose")
KILLED_AFTER = (0.3, 0.7, 1.0)  # of the files; then only the end of the run is left
KILLED_TREE = "rxjs"


@dataclass(frozen=True)
class Case:
    """A tree and how it is indexed."""

    tree: str
    options: tuple = ()
    runs: int = 1
    forced: str = ""  # what --include brings back
    then_forced: str = ""  # the same, in one more run on the same index

    @property
    def name(self):
        return f"{self.tree}, forced" if self.forced else self.tree

    @property
    def arguments(self):
        return (*self.options, *(("--include", self.forced) if self.forced else ()))


CASES = (
    Case("rxjs", runs=3),
    Case("mixed-261", STEP_BY_STEP),
    Case("typescript-262", STEP_BY_STEP),
    Case("django", then_forced="jquery.min.js"),
    Case("sphinx", then_forced="minified-js/*-stemmer.js"),
)
TREES = tuple(dict.fromkeys(case.tree for case in CASES))


def add_arguments(parser):
    add = parser.add_argument
    add("--tree", action="append", choices=TREES, help="only this tree (may be given again)")
    add("--runs", type=positive, metavar="N", help="runs of each row [default: rxjs 3, others 1]")
    prepare.add_arguments(parser)


def run(args):
    """Measures and reports; whether everything asked for was reached."""
    wanted = args.tree or TREES
    with prepare.prepared(args, wanted) as bench:
        results = {"machine": machine.machine(), "cases": []}
        results["program"] = machine.program(bench.binary, prepare.ROOT, not args.binary)
        for case in cases(wanted, args.runs):
            results["cases"] += measured(bench, case, results["program"])
            if case.tree == KILLED_TREE:
                results["kills"] = kills(bench, case, results["cases"][-1])
            write(args, results)  # after each, so that an interrupted bench loses little
    if not args.output:
        print(main_job_report.markdown(results))
    return checks.reached(results["checks"])


def cases(wanted, runs):
    chosen = (case for case in CASES if case.tree in wanted)
    return [replace(case, runs=runs or case.runs) for case in chosen]


def write(args, results):
    results["checks"] = checks.of(results)
    if args.output:
        args.output.write_text(main_job_report.markdown(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


# ── Clean runs ──────────────────────────────────────────────────────────────


def measured(bench, case, program):
    """Everything about one case, and about the run after it that forces files in.
    Each run has its own index, so that none finds the work of another."""
    figures = []
    for _ in range(1, case.runs):
        with bench.home() as place:
            figures.append(indexed(place, bench, case).figures())
    with bench.home() as place:
        results = [looked_at(place, bench, (case, program))]
        if case.then_forced:
            # On the index that stands: only what is forced in is new.
            again = replace(case, forced=case.then_forced, then_forced="", runs=1)
            results.append(looked_at(place, bench, (again, program)))
    results[0]["runs"] = figures + results[0]["runs"]
    return results


def indexed(place, bench, case):
    one = place.index(bench.trees[case.tree], case.arguments)
    say(f"{case.name}: {how(one)}")
    return one


def looked_at(place, bench, wanted):
    """A run, the one after it with nothing changed, and what stands then."""
    case, program = wanted
    tree, one = bench.trees[case.tree], indexed(place, bench, case)
    result = {"name": case.name, "tree": case.tree, "command": command(case)}
    result["runs"] = [one.figures()]
    return {**result, **facts(case, tree, one), **afterwards(place, case, tree, one, program)}


def command(case):
    quoted = [f"'{word}'" if "*" in word else word for word in case.arguments]
    return " ".join(
        ["mnemo-index", case.tree, "--repository", case.tree, *quoted, *home.FOR_MACHINES]
    )


def how(one):
    ended = one.ended
    word = "did not end in time" if ended.timed_out else f"exit {ended.exit}"
    return f"{word}, {ended.wall:.1f} s, {len(one.files)} paths"


def facts(case, tree, one):
    """What the run said of itself, beside what is on disk."""
    result = {
        "summary": one.summary,
        "files": accounting.account(tree, one.files),
        "problems": one.problems,
        "failed": {e["path"]: e.get("message") for e in one.files if e["outcome"] == "failed"},
    }
    if case.forced:
        count, outcomes = accounting.forced(tree, case.forced, one.files)
        result["forced"] = {"files": count, "outcomes": outcomes}
    return result


def afterwards(place, case, tree, one, program):
    """The second run with nothing changed, and what stands in the database."""
    if not one.summary:
        return {}
    again = place.index(tree, case.arguments)
    say(f"{case.name}, nothing changed: {how(again)}")
    program.update(machine.database(place))
    return {
        "unchanged": {**again.figures(), "summary": again.summary, "problems": again.problems},
        "state": state.end_state(place, case.tree),
        "faults": state.faults(place, case.tree),
        "answers": state.answers(place, case.tree),
    }


# ── Runs that are killed ────────────────────────────────────────────────────


def kills(bench, case, clean):
    indexed = clean.get("summary", {}).get("files", {}).get("indexed", 0)
    return [killed(bench, case, clean, share, indexed) for share in KILLED_AFTER if indexed]


def killed(bench, case, clean, share, indexed):
    """Kills a run after a share of its files, looks, and runs again."""
    tree, last = bench.trees[case.tree], max(1, round(share * indexed))
    with bench.home() as place:
        first = place.index(tree, case.arguments, stop=Nth(last))
        place.settle()
        said = {event["path"] for event in first.files if event["outcome"] == "indexed"}
        stored = state.stored_files(place, case.tree)
        found = {"share": share, "said": len(said), "whole": len(stored)}
        found.update(lost=sorted(said - stored), faults=state.faults(place, case.tree))
        second = place.index(tree, case.arguments)
        say(f"{case.name}, killed after {len(said)} of {indexed} files, again: {how(second)}")
        end = state.end_state(place, case.tree)
    return {
        **found,
        "first": first.figures(),
        "second": {**second.figures(), "summary": second.summary},
        "end_state": end,
        "differs": state.differences(end, clean.get("state", {})),
    }


class Nth:
    """Whether this is the line of the n-th file that was indexed."""

    def __init__(self, n):
        self.left = n

    def __call__(self, line):
        self.left -= '"outcome":"indexed"' in line
        return self.left == 0
