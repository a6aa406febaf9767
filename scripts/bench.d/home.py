"""A temporary $MNEMO_HOME: a new cluster beside the parts that set-up installed."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import postgres
import process
from failure import Failure
from server import ServerWatch

INSTALLED = ("runtime", "models", "postgres")
# Settings of ours that would change what is measured. Where PostgreSQL stands is none.
KEPT = ("MNEMO_PG_BIN",)
FOR_MACHINES = ("--json", "--no-progress")
SHORT = 120  # seconds for what takes one


@dataclass
class Run:
    """One run of mnemo-index over a tree."""

    ended: process.Ended
    files: list  # the events of its files
    summary: dict  # its last event; empty if it came to none
    problems: list
    server_peak: int
    server_cpu: float

    def figures(self):
        kept = {key: value for key, value in asdict(self.ended).items() if key != "lines"}
        kept["peak"] = self.summary.get("peak_memory_bytes")
        return {**kept, "server_peak": self.server_peak, "server_cpu": self.server_cpu}


def installed_home():
    home = os.environ.get("MNEMO_HOME")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) if home else Path(data, "mnemo-index")


def environment():
    ours = {name for name in os.environ if name.startswith("MNEMO_")} - set(KEPT)
    return {k: v for k, v in os.environ.items() if k not in ours | {"DATABASE_URL"}}


@contextmanager
def temporary(binary, folder, timeout):
    """A home that is gone at the end, its server too."""
    path = Path(tempfile.mkdtemp(prefix="", dir=folder))
    home = Home(binary, path, timeout)
    try:
        home.link(installed_home().absolute())
        yield home
    finally:
        home.remove()


class Home:
    def __init__(self, binary, path, timeout):
        self.binary = binary
        self.path = path
        self.timeout = timeout
        self.environment = {**environment(), "MNEMO_HOME": str(path)}
        self.data = path / "cluster" / "data"

    def link(self, installed):
        for name in INSTALLED:
            if (installed / name).exists():
                (self.path / name).symlink_to(installed / name)

    def index(self, tree, options, stop=None):
        words = [self.binary, tree, "--repository", tree.name, *options, *FOR_MACHINES]
        with ServerWatch(self.data) as server:
            ended = process.measure(words, self.environment, self.timeout, stop)
        events, problems = parse(ended.lines)
        files = [event for event in events if event.get("event") == "file"]
        summary = next((event for event in events if event.get("event") == "summary"), {})
        problems += [f"error: {e.get('message')}" for e in events if e.get("event") == "error"]
        return Run(ended, files, summary, problems, server.peak, server.cpu)

    def ask(self, question, repository):
        """The rows of a query, each a list of columns, through psql."""
        words = [find_psql(self.path), self.url(), "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        words += ["-v", f"repository={repository}"]
        done = short(words, self.environment, input=question)
        if done.returncode != 0:
            raise Failure(
                f"psql: {done.stderr.strip()}", "the database is not as the bench expects"
            )
        return [line.split("\t") for line in done.stdout.splitlines()]

    def ask_object(self, question, repository):
        return json.loads(self.ask(question, repository)[0][0])

    def url(self):
        done = short([self.binary, "db", "url"], self.environment)
        if done.returncode != 0:
            raise Failure(f"`mnemo-index db url`: {done.stderr.strip()}", "try it by hand")
        return done.stdout.strip()

    def settle(self):
        """Waits until the server has noticed that its client was killed."""
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        end = time.monotonic() + SHORT
        while self.ask(others, "")[0] != ["0"] and time.monotonic() < end:
            time.sleep(0.1)

    def stop(self):
        short([self.binary, "db", "stop"], self.environment)

    def remove(self):
        try:
            self.stop()
        except (OSError, subprocess.SubprocessError):
            pass  # the server is ended below
        self.kill_server()
        # Where the server had to run as another user, its data is elsewhere.
        if self.data.is_symlink():
            shutil.rmtree(self.data.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def kill_server(self):
        """For a server that `db stop` did not reach."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            if str(self.data.resolve()) in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGQUIT)
                time.sleep(1)
        except (OSError, ValueError, IndexError):
            pass  # there is none


def short(words, environment, **options):
    """Runs what ends soon."""
    return subprocess.run(
        words,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SHORT,
        check=False,
        **options,
    )


def find_psql(home):
    """That of the server's own installation, as psql need not be on the PATH."""
    places = [*home.glob("postgres/*/bin"), *postgres.installed()]
    found = [place / "psql" for place in places if (place / "psql").exists()]
    if found or shutil.which("psql"):
        return found[0] if found else "psql"
    raise Failure("there is no psql", "install PostgreSQL's client, or set MNEMO_PG_BIN")


def parse(lines):
    """The events, and the lines that are none."""
    events, problems = [], []
    for line in lines:
        try:
            events.append(json.loads(line))
        except ValueError:
            problems.append(f"not an event: {line[:200]}")
    return events, problems
