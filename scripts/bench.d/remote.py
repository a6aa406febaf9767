"""A model server far away: how much of what it can give is used, and what faults do.

The server is a stand-in on this machine: 100 ms away, with a rate that is known. A
tree is indexed against it, 16 requests under way; then a plain client sends the same
texts in the same batches, as many at once, and does nothing else: that is what the
server can give. In a second run 5 % of the answers are spoiled (429, 500, a cut
connection, half an answer, a NaN, a vector of the wrong width); the index must be the
same, row for row, and memory flat.
"""

import http.client
import json
import queue
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import equal
import home
import machine
import markdown
import part
import prepare
from failure import Failure
from prepare import positive, say

TREE = "sphinx"
AT_ONCE = 16
DELAY = 0.1  # seconds
RATE = 300  # texts a second
SPOILED = 0.05
USED = 0.9
MOST = 1e6 / 1000  # bytes a file


def add_arguments(parser):
    add = parser.add_argument
    add("--tree", default=TREE, help=f"what is indexed [{TREE}]")
    add("--files", type=positive, default=10_000, metavar="N", help="so many files of it at most [all]")
    add("--rate", type=positive, default=RATE, metavar="N", help=f"texts a second that it gives [{RATE}]")
    prepare.add_arguments(parser)


def run(args):
    """Measures and reports; whether everything asked for was reached."""
    with prepare.prepared(args, (args.tree,)) as bench, served(args.rate) as server:
        tree = part.of(bench.trees[args.tree], args.files, bench.work / "remote")
        with bench.home() as place:
            results = {"rate": args.rate, "machine": machine.machine()}
            results["clean"] = indexed(place, tree, server, 0.0)
            results["plain"] = plain(server, [texts for _, _, texts in server.told()["answers"]][1:])
            results["spoiled"] = indexed(place, tree, server, SPOILED)
            urls = [database(place, name) for name in ("spoiled", "clean")]
            results["differences"], results["rows"] = equal.differences(home.find_psql(place.path), *urls)
    results["checks"] = checks(results)
    text = report(results)
    prepare.tell(args, results, text)
    return all(ok for *_, ok in results["checks"])


# ── The server ──────────────────────────────────────────────────────────────


class Server:
    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, json.dumps(body) if body else None)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def told(self):
        return self.ask("GET", "/told")

    def reset(self, spoiled):
        self.ask("POST", "/reset", {"spoiled": spoiled})


@contextmanager
def served(rate, delay=DELAY):
    """In a process of its own, so that it shares nothing with the plain client."""
    words = [sys.executable, "-B", Path(__file__).with_name("model_server.py"), str(rate), str(delay)]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(int(child.stdout.readline()))
    finally:
        child.kill()
        child.wait()


# ── Who asks it ─────────────────────────────────────────────────────────────


def database(place, name):
    return home.short([place.binary, "db", "url", name], place.environment).stdout.strip()


def indexed(place, tree, server, spoiled):
    server.reset(spoiled)
    name = "spoiled" if spoiled else "clean"
    profile = place.path / f"{name}.csv"
    options = ["--embed-url", f"http://127.0.0.1:{server.port}", "--embed-concurrency", str(AT_ONCE)]
    options += ["--memory-profile", profile, "--database-url", database(place, name)]
    one = place.index(tree, options)
    if one.ended.exit != 0:
        raise Failure(f"{name}: exit {one.ended.exit}: {one.ended.errors.strip()[-500:]}", "try it by hand")
    told = server.told()
    found = {
        **pace(told["answers"][1:]), "wall": one.ended.wall, "peak": one.ended.max_rss,
        "growth": one.summary["memory"]["growth_bytes_per_file"], "files": one.summary["files"],
        "spoiled": told["spoiled"], "most_under_way": told["most_under_way"],
    }
    say(f"{name}: {found}")
    return found


def plain(server, batches):
    """A client that only asks: each thread takes the next batch when it has its answer."""
    server.reset(0.0)
    waiting = queue.SimpleQueue()
    for number, size in enumerate(batches):
        waiting.put(json.dumps({"inputs": [f"text {number} {index}" for index in range(size)]}))
    threads = [threading.Thread(target=asking, args=(server.port, waiting)) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = pace(server.told()["answers"])
    say(f"plain client: {found}")
    return found


def asking(port, waiting):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        try:
            body = waiting.get_nowait()
        except queue.Empty:
            return connection.close()
        connection.request("POST", "/embed", body)
        connection.getresponse().read()


def pace(answers):
    """Texts a second between the first question and the last answer."""
    texts = sum(answer[2] for answer in answers)
    seconds = max(answer[1] for answer in answers) - min(answer[0] for answer in answers)
    return {"texts": texts, "seconds": seconds, "rate": texts / seconds, "batch": texts / len(answers)}


# ── What was asked for ──────────────────────────────────────────────────────


def checks(results):
    """(asked, target, reached, whether it is)."""
    clean, spoiled, plain_ = results["clean"], results["spoiled"], results["plain"]
    share = clean["rate"] / plain_["rate"]
    growths = [run["growth"] for run in (clean, spoiled)]
    is_flat = all(growth is not None and growth <= MOST for growth in growths)
    return [
        (
            f"texts a second, {DELAY * 1000:.0f} ms away, {AT_ONCE} under way",
            f"≥ {USED:.0%} of a plain client's",
            f"{clean['rate']:.0f} of {plain_['rate']:.0f} ({share:.0%}), batches of {clean['batch']:.1f}",
            share >= USED,
        ),
        (
            f"{SPOILED:.0%} of the answers spoiled",
            "no file fails; row for row the same",
            f"{spoiled['spoiled']} spoiled, {spoiled['files']['failed']} failed, {results['rows']:,} rows "
            f"{'equal' if not results['differences'] else 'NOT equal'}, {spoiled['rate']:.0f} texts/s",
            not results["differences"] and spoiled["files"]["failed"] == 0 and spoiled["spoiled"] > 0,
        ),
        (
            "memory, both runs",
            "≤ 1 MB more per 1,000 files",
            ", ".join(f"{growth or 0:+.0f} kB per 1,000 (peak {markdown.megabytes(run['peak'])})"
                      for growth, run in zip(growths, (clean, spoiled))),
            is_flat,
        ),
    ]


def report(results):
    rows = [(*row, markdown.MARKS[ok]) for *row, ok in results["checks"]]
    clean = results["clean"]
    about = f"{clean['files']['indexed']:,} files, {clean['texts']:,} texts; the server gives " \
        f"{results['rate']} texts a second; the run took {markdown.seconds(clean['wall'])}, of which it was asked " \
        f"for {markdown.seconds(clean['seconds'])}\n"
    differences = "".join(f"* {fault}\n" for fault in results["differences"])
    facts = ", ".join(f"{key}: {value}" for key, value in results["machine"].items())
    return f"{markdown.table(['measure', 'target', 'reached', ''], rows)}\n{about}{differences}\n{facts}\n"
