"""Runs a program as a whole process and keeps what the kernel says of it."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Ended:
    """How a process ended and what it took."""

    exit: int  # negative: the signal
    timed_out: bool
    wall: float  # seconds, from before it was started until it was gone
    user: float  # seconds, of the process itself and not of what it started
    system: float
    max_rss: int  # bytes
    machine: float  # seconds of CPU time that the whole machine gave away meanwhile
    lines: list
    errors: str


def measure(words, environment, timeout, stop=None):
    """Runs `words`; kills it with SIGKILL as soon as `stop(line)` holds for a
    line of its standard output."""
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        begin, before = time.monotonic(), machine_busy()
        child = start(words, environment, errors)
        try:
            with Limit(child, timeout) as limit:
                lines = read(child, stop)
                spent = wait(child)
        finally:
            end(child)
        wall = time.monotonic() - begin
        busy = machine_busy() - before
        errors.seek(0)
        return Ended(child.returncode, limit.reached, wall, *spent, busy, lines, errors.read())


def start(words, environment, errors):
    # A session of its own: Ctrl-C reaches us alone, and we end the child.
    return subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def read(child, stop):
    lines = []
    for line in child.stdout:
        lines.append(line.rstrip("\n"))
        if stop and stop(line):
            kill(child)
            stop = None
    return lines


def wait(child):
    """CPU time and peak memory. The process is looked at before it is reaped, as
    afterwards its own CPU time and that of the server it started are one sum."""
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    user, system = stat(child.pid)[11:13]
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return int(user) / TICKS, int(system) / TICKS, usage.ru_maxrss * 1024


def machine_busy():
    """CPU time of everything on this machine, and what its host took from it."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + softirq + steal) / TICKS


def kill(child):
    # Not through `child`, which would reap it if it has just ended by itself.
    if child.returncode is None:
        os.kill(child.pid, signal.SIGKILL)


def stat(pid):
    """The fields of /proc/PID/stat from the third, the state, on."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def end(child):
    if child.returncode is None:
        child.kill()
        child.wait()
    child.stdout.close()


class Limit:
    """Kills a process that takes too long."""

    def __init__(self, child, seconds):
        self.child = child
        self.reached = False
        self.timer = threading.Timer(seconds, self.reach)

    def reach(self):
        self.reached = True
        kill(self.child)

    def __enter__(self):
        self.timer.start()
        return self

    def __exit__(self, *_):
        self.timer.cancel()
