"""Before anything is measured: the program, the trees and a place to work."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import home
from failure import Failure

ROOT = Path(__file__).resolve().parent.parent.parent


def add_arguments(parser):
    """The options of every command."""
    add = parser.add_argument
    add("--output", type=writable, metavar="FILE", help="write the tables there, not to stdout")
    add("--json", type=writable, metavar="FILE", help="write all figures there")
    add("--binary", type=Path, metavar="FILE", help="measure this program and build none")
    add("--trees", type=Path, metavar="DIR", help="use the trees in DIR, by their names")
    add("--timeout", type=positive, default=3600, metavar="S", help="seconds for one run [3600]")


def tell(args, results, text):
    """Prints the tables, or writes tables and figures where they are wanted."""
    args.output.write_text(text) if args.output else print(text)
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


def positive(text):
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def writable(text):
    """A path that will take a report: better known now than after an hour."""
    path = Path(text)
    if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise ValueError(text)
    return path


@dataclass
class Bench:
    """What all measurements need."""

    binary: Path
    trees: dict
    work: Path  # a temporary folder
    timeout: int

    def home(self):
        return home.temporary(self.binary, self.work, self.timeout)


@contextmanager
def prepared(args, wanted):
    must("scripts/setup", [ROOT / "scripts" / "setup"])
    binary = args.binary.absolute() if args.binary else build()
    if not (binary.is_file() and os.access(binary, os.X_OK)):
        raise Failure(f"{binary} is no program", "give --binary a mnemo-index, or leave it out")
    trees = {tree: compose(tree, args.trees) for tree in wanted}
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=cache()) as work:
        # A copy: whoever builds meanwhile does not change what is measured.
        program = shutil.copy(binary, Path(work, "mnemo-index"))
        yield Bench(Path(program), trees, Path(work), args.timeout)


def cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "mnemo-index")


def build():
    must("cargo build", ["cargo", "build", "--release", "--locked", "--quiet"])
    return target() / "release" / "mnemo-index"


def target():
    return Path(ROOT, os.environ.get("CARGO_TARGET_DIR") or "target")


def compose(tree, given):
    folder = (given.absolute() if given else cache() / "trees") / tree
    if not given:
        must(f"scripts/trees {tree}", [ROOT / "scripts" / "trees", tree, folder])
    if not folder.is_dir():
        raise Failure(f"there is no {folder}", f"make it by scripts/trees {tree} {folder}")
    return folder


def texts_of(binary, tree):
    """What a run over `tree` embeds, in both roles, equal texts once."""
    files = sorted(p for p in tree.rglob("*") if p.suffix in (".ts", ".tsx", ".js", ".py"))
    words = [binary, "chunk", "--json", *files]
    # From the tree, since texts begin with the path inside it.
    told = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False).stdout
    chunks = [c for line in told.splitlines() for c in json.loads(line).get("chunks", [])]
    return sorted({chunk[role] for chunk in chunks for role in ("text_input", "code_input")})


def must(what, words):
    # Without DATABASE_URL, so that set-up brings the private server.
    environment = {**home.environment(), "MNEMO_HOME": str(home.installed_home())}
    try:
        done = subprocess.run(words, cwd=ROOT, env=environment, check=False)
    except FileNotFoundError:
        raise Failure(f"{words[0]} is not on the PATH", "install what README asks for") from None
    if done.returncode != 0:
        raise Failure(f"{what} failed", "see what it said above")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
