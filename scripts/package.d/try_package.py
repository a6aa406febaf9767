"""Tries a packaged program in an empty root: see scripts/try-package."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What every system with the GNU C library has. `sh` is Debian's dash or what
# stands for it, and needs the C library alone; initdb starts the server with it.
LIBRARIES = ("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0")
LOADER = "/lib64/ld-linux-x86-64.so.2"
USERS = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\nsomeone:x:1000:1000::/home/someone:/bin/sh\n"
PEOPLE = {"root": ("0:0", "/root"), "someone": ("1000:1000", "/home/someone")}
DEVICES = ("null", "zero", "urandom")

# Runs in namespaces of its own: mounts, processes, and a network without interfaces.
INSIDE = """
set -e
mount -t proc none "$ROOT/proc"
for device in %s; do mount --bind "/dev/$device" "$ROOT/dev/$device"; done
mount -t tmpfs none "$ROOT/dev/shm"
exec chroot --userspec="$IDS" "$ROOT" "$@"
""" % " ".join(DEVICES)


def main():
    given = arguments()
    if os.geteuid() != 0:
        print("error: an empty root takes root to make\nhint: run it in a container, or with sudo", file=sys.stderr)
        return 1
    for name in PEOPLE:
        try_as(name, given)
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/try-package", description="Runs a packaged program in an empty root.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--tree", type=Path, default=ROOT / "target" / "trees" / "rxjs", help="what is indexed [default: rxjs]")
    return parser.parse_args()


def try_as(name, given):
    with tempfile.TemporaryDirectory(prefix="mnemo-empty-") as folder:
        machine = Machine(Path(folder), name)
        machine.furnish(given.tree)
        interfaces = machine.says(["/bin/sh", "-c", "while read a b; do echo $a; done < /proc/net/dev"])
        print(f"{name}: interfaces besides loopback, which is down: {len(interfaces.split()) - 3}")
        start = time.monotonic()
        shutil.copy(given.program, machine.root / "usr/local/bin/mnemo-index")
        first, summary = machine.index(start)
        counts = summary["files"]
        print(f"{name}: first committed file {first:.1f} s after the copy began, all {time.monotonic() - start:.1f} s")
        print(f"{name}: {counts['indexed']} files indexed, {counts['failed']} failed, in {summary['precision']}")
        search = ["search", "try a failed source again", "--limit", "1"]
        for command in (["verify"], ["status"], search):
            print(f"{name}: {command[0]}: {machine.says(['/usr/local/bin/mnemo-index', *command]).splitlines()[0]}")


class Machine:
    """An empty root, and the user who is at it."""

    def __init__(self, folder, user):
        self.root = folder / "root"
        self.ids, self.home = PEOPLE[user]

    def furnish(self, tree):
        for name in ("proc", "dev/shm", "etc", "usr/local/bin", "var/tmp", "root", "home/someone", "tmp"):
            (self.root / name).mkdir(parents=True)
        for name in DEVICES:
            (self.root / "dev" / name).touch()
        for library in LIBRARIES:
            self.put(found(library), f"/lib/x86_64-linux-gnu/{library}")
        self.put(LOADER, LOADER)
        self.put("/bin/sh", "/bin/sh")
        (self.root / "etc/passwd").write_text(USERS)
        shutil.copytree(tree, self.root / "code")
        for name, mode in (("tmp", 0o1777), ("var/tmp", 0o1777), ("root", 0o700)):
            (self.root / name).chmod(mode)
        os.chown(self.root / "home/someone", 1000, 1000)
        # A temporary folder lets nobody else in.
        self.root.parent.chmod(0o755)

    def put(self, source, target):
        path = self.root / target.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(source), path)

    def index(self, start):
        """Seconds to the first committed file, and the summary."""
        command = ["/usr/local/bin/mnemo-index", "/code", "--repository", "tried", "--sequential", "--json"]
        first, last = None, {}
        with subprocess.Popen(self.command(command), env=self.environment(), stdout=subprocess.PIPE, text=True) as run:
            for line in run.stdout:
                last = json.loads(line)
                if first is None and last.get("outcome") == "indexed":
                    first = time.monotonic() - start
        if run.returncode != 0 or first is None:
            raise SystemExit(f"error: the main job ended with {run.returncode}\nhint: see above")
        return first, last

    def says(self, command):
        ended = subprocess.run(self.command(command), env=self.environment(), capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise SystemExit(f"error: {' '.join(command)} ended with {ended.returncode}: {ended.stderr}\nhint: see above")
        return ended.stdout.strip()

    def command(self, command):
        return ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE, "sh", *command]

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ROOT": str(self.root), "IDS": self.ids, "HOME": self.home}


def found(library):
    """Where this system has it: as the dynamic linker knows."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    places = [line.rpartition(" => ")[2] for line in listed.splitlines() if line.split()[:1] == [library] and "x86-64" in line]
    if not places:
        raise SystemExit(f"error: {library} is not on this system\nhint: it has to be one with the GNU C library")
    return places[0]


if __name__ == "__main__":
    sys.exit(main())
