"""Runs again and again: what a second run costs, and whether anything is left behind.

On a tree of 5,000 files: a first run, then one with nothing changed, one with one
file changed, one after a folder of 100 files was renamed, one with a narrower
`--exclude`, and one on the folder emptied, as if it were not mounted. Then 24 small
repositories, each indexed three times, several at once, into one private server:
the connections, locks, disk and memory that are left after each round.
"""

import json
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import machine
import markdown
import prepare
import process
from prepare import positive, say

TREE = "five-thousand"
AGAIN = 5  # second runs, of which the median is told
CHANGED = "core-js/modules/es.array.at.js"
RENAMED = ("core-js/internals", 100)  # so many files of it move to another folder
REPOSITORIES, ROUNDS, AT_ONCE = 24, 3, 4

LEFT = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'mnemo-index%'),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),
       pg_database_size(current_database())"""


def add_arguments(parser):
    parser.add_argument("--runs", type=positive, default=AGAIN, metavar="N", help="second runs")
    prepare.add_arguments(parser)


def run(args):
    """Measures and reports; whether everything asked for was reached."""
    with prepare.prepared(args, (TREE,)) as bench:
        results = {"machine": machine.machine()}
        results["program"] = machine.program(bench.binary, prepare.ROOT, not args.binary)
        with bench.home() as place:
            results["steps"] = steps(place, bench, args.runs)
        with bench.home() as place:
            results["rounds"] = rounds(place, bench)
    results["checks"] = checks(results)
    text = report(results)
    prepare.tell(args, results, text)
    return all(ok for _, _, _, ok in results["checks"])


# ── One large tree ──────────────────────────────────────────────────────────


def steps(place, bench, runs):
    tree = bench.work / TREE
    shutil.copytree(bench.trees[TREE], tree)
    # A checkout, so that a folder in it is known to be a part of it.
    subprocess.run(["git", "init", "--quiet", tree], check=True)
    # The server stays up, as it does for whoever runs one.
    process.measure([place.binary, "db", "start"], place.environment, 120)
    found = {"first": step(place, tree, "first run")}
    found["unchanged"] = [step(place, tree, "nothing changed") for _ in range(runs)]
    with open(tree / CHANGED, "a") as file:
        file.write("\nexport const changed = (a) => a + 1;\n")
    found["changed"] = step(place, tree, "one file changed")
    rename(tree)
    found["renamed"] = step(place, tree, "100 files renamed")
    found["narrower"] = step(place, tree, "narrower", ("--exclude", "/lodash-es"))
    found["below"] = step(place, tree / "click", "a folder below it")
    for part in tree.iterdir():
        if part.name != ".git":
            shutil.rmtree(part)
    found["empty"] = step(place, tree, "empty")
    found["stored"] = int(place.ask("SELECT count(*) FROM indexed_files", "")[0][0])
    return found


def rename(tree):
    folder, files = RENAMED
    target = tree / f"{folder}-renamed"
    target.mkdir()
    for path in sorted(p for p in (tree / folder).iterdir() if p.is_file())[:files]:
        path.rename(target / path.name)


def step(place, tree, name, options=()):
    words = [place.binary, tree, "--repository", TREE, *options, "--json", "--no-progress"]
    ended = process.measure(words, place.environment, place.timeout)
    last = json.loads(ended.lines[-1]) if ended.lines else {}
    say(f"{name}: exit {ended.exit}, {ended.wall:.2f} s")
    kept = ("files", "tokens", "reused", "ms", "peak_memory_bytes", "message", "exit")
    return {
        "exit": ended.exit,
        "wall": ended.wall,
        "cpu": ended.user + ended.system,
        "machine": ended.machine,
        **{key: last[key] for key in kept if key in last and key != "exit"},
    }


# ── Many small repositories ─────────────────────────────────────────────────


def rounds(place, bench):
    process.measure([place.binary, "db", "start"], place.environment, 120)
    parts = sorted(p for p in (bench.trees[TREE] / "lodash-es").iterdir())
    folders = []
    for number in range(REPOSITORIES):
        folder = bench.work / f"repository-{number}"
        folder.mkdir()
        for path in parts[number * 6 : number * 6 + 6]:
            shutil.copy(path, folder)
        folders.append(folder)
    return [one_round(place, folders, number) for number in range(ROUNDS)]


def one_round(place, folders, number):
    for folder in folders:
        with open(folder / "changed.js", "w") as file:
            file.write(f"export const round = () => {number};\n")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = list(pool.map(lambda folder: small(place, folder), folders))
    place.settle()
    connections, locks, size = map(int, place.ask(LEFT, "")[0])
    found = {"exits": sorted({run.exit for run in runs}), "peak": max(r.max_rss for r in runs)}
    found.update(connections=connections, locks=locks, size=size, server=server_memory(place))
    found["files"] = sum(1 for p in Path(place.path).rglob("*") if p.is_file())
    say(f"round {number + 1}: {found}")
    return found


def small(place, folder):
    words = [place.binary, folder, "--repository", folder.name, "--quiet", "--threads", "1"]
    return process.measure(words, place.environment, place.timeout)


def server_memory(place):
    """Of the server's own process, which lives through all rounds; in bytes."""
    time.sleep(1)  # for backends that are just leaving
    pid = (place.data / "postmaster.pid").read_text().split()[0]
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


# ── What was asked for ──────────────────────────────────────────────────────


def checks(results):
    """(asked, target, reached, whether it is)."""
    steps, rounds = results["steps"], results["rounds"]
    walls = [run["wall"] for run in steps["unchanged"]]
    middle = markdown.median(walls)
    changed, renamed = steps["changed"], steps["renamed"]
    single = (name for name in steps if name not in ("unchanged", "stored"))
    files = {name: steps[name].get("files", {}) for name in single}
    return [
        ("second run, nothing changed", "≤ 1.0 s", markdown.spread(walls, markdown.seconds), middle <= 1.0),
        (
            "one file changed",
            "≤ 1 s and the model's load; only its chunks",
            f"{changed['wall']:.2f} s, {files['changed'].get('indexed')} file, {changed.get('tokens')} tokens",
            changed["wall"] <= 2.0 and files["changed"].get("indexed") == 1,
        ),
        (
            "100 files renamed",
            "0 chunks embedded",
            f"{renamed.get('tokens')} tokens, {files['renamed'].get('indexed')} indexed, "
            f"{files['renamed'].get('retired')} retired, {renamed['wall']:.2f} s",
            renamed.get("tokens") == 0 and files["renamed"].get("retired") == RENAMED[1],
        ),
        (
            "a folder excluded",
            "its files retired",
            f"{files['narrower'].get('retired')} retired",
            files["narrower"].get("retired") == 644,
        ),
        (
            "a folder below",
            "nothing outside retired",
            f"{files['below'].get('retired')} retired",
            files["below"].get("retired") == 0,
        ),
        (
            "an empty directory",
            "exit 1, nothing retired",
            f"exit {steps['empty']['exit']}, {steps['stored']} files stand",
            steps["empty"]["exit"] == 1 and steps["stored"] > 4000,
        ),
        (
            f"{REPOSITORIES} repositories × {ROUNDS}, {AT_ONCE} at once",
            "exit 0; no connection or lock left",
            f"exits {[r['exits'] for r in rounds]}, {[r['connections'] for r in rounds]} connections, "
            f"{[r['locks'] for r in rounds]} locks",
            all(r["exits"] == [0] and r["connections"] == r["locks"] == 0 for r in rounds),
        ),
        (
            "disk and memory of the second and third round",
            "≤ 10 % more",
            f"database {[markdown.megabytes(r['size']) for r in rounds]}, "
            f"server {[markdown.megabytes(r['server']) for r in rounds]}, "
            f"{[r['files'] for r in rounds]} files in the home",
            all(rounds[-1][key] <= rounds[1][key] * 1.1 for key in ("size", "server", "files")),
        ),
    ]


def report(results):
    rows = [(*row, markdown.MARKS[ok]) for *row, ok in results["checks"]]
    first = results["steps"]["first"]
    about = f"First run: {markdown.seconds(first['wall'])}, {first['files']['indexed']:,} files, " \
        f"{first['tokens']:,} tokens, {first['reused']:,} texts reused.\n"
    head = ["measure", "target", "reached", ""]
    facts = json.dumps({**results["machine"], **results["program"]}, indent=1)
    return f"{about}\n{markdown.table(head, rows)}\n```json\n{facts}\n```\n"
