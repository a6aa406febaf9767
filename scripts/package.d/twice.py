"""Packages the commit a second time, in another folder, and compares."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from failure import Failure

ROOT = Path(__file__).resolve().parents[2]


def compare(target, output):
    """Every file of `output` must come out the same, byte for byte."""
    if git("status", "--porcelain", "--untracked-files=no"):
        raise Failure("there are changes that are not committed", "a second build takes the commit; commit them first")
    checkout = target / "package" / "again"
    git("worktree", "remove", "--force", str(checkout), check=False)
    git("worktree", "add", "--force", "--detach", str(checkout), "HEAD")
    try:
        again = second(target, checkout)
        for path in sorted(output.glob("mnemo-index-*")):
            same(path, again / path.name)
    finally:
        git("worktree", "remove", "--force", str(checkout), check=False)
    print("package: the second build is the same, byte for byte", file=sys.stderr)


def second(target, checkout):
    """What is downloaded and the tools are shared; what is built is not."""
    own = checkout / "target"
    own.mkdir()
    (own / "tools").symlink_to(target / "tools")
    home = os.environ.get("MNEMO_HOME") or str(target / "package" / "home")
    environment = {**os.environ, "CARGO_TARGET_DIR": str(own), "MNEMO_HOME": home}
    result = checkout / "dist"
    subprocess.run([checkout / "scripts" / "package", "--output", result], env=environment, check=True)
    kept = target / "package" / "second"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.move(result, kept)
    return kept


def same(one, other):
    a, b = one.read_bytes(), other.read_bytes()
    if a == b:
        return
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    raise Failure(f"{one.name} is another one the second time: {one} and {other} differ from byte {at}", "compare them with diffoscope")


def git(*arguments, check=True):
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=check).stdout.strip()
