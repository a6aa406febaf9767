"""What the private PostgreSQL takes beside mnemo-index, sampled while it runs."""

import os
import threading
from pathlib import Path

import process

EVERY = 0.25  # seconds


class ServerWatch:
    """Samples memory and CPU time of a server and its children."""

    def __init__(self, data):
        self.pid_file = data / "postmaster.pid"
        self.peak = 0  # bytes
        self.cpu = 0.0  # seconds
        self.before = None
        self.left = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.left.set()
        self.thread.join()

    def watch(self):
        while not self.left.wait(EVERY):
            try:
                self.sample(int(self.pid_file.read_text().split()[0]))
            except (OSError, ValueError, IndexError):
                pass  # not there yet, or gone between two looks

    def sample(self, postmaster):
        family = {postmaster, *children(postmaster)}
        self.peak = max(self.peak, sum(map(memory, family)))
        spent = seconds(postmaster, 11, 15) + sum(
            seconds(pid, 11, 13) for pid in family - {postmaster}
        )
        if self.before is None:
            self.before = spent
        self.cpu = max(self.cpu, spent - self.before)


def children(parent):
    return [
        int(entry)
        for entry in filter(str.isdigit, os.listdir("/proc"))
        if (fields := fields_of(entry)) and fields[1] == str(parent)
    ]


def fields_of(pid):
    try:
        return process.stat(pid)
    except OSError:
        return []  # it ended


def seconds(pid, first, last):
    """CPU time: own is 11 to 13, with that of children that ended 11 to 15."""
    return sum(map(int, fields_of(pid)[first:last])) / process.TICKS


def memory(pid):
    """Proportional memory, so that shared buffers count once for all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return unshared(pid)


def unshared(pid):
    """Where the kernel gives no proportional memory."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
