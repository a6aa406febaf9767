"""Pinned wheels: from the downloads folder, else through pip."""

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass

from failure import Failure

# One platform and one Python tag for everybody: the files do not depend on the
# Python that runs this script, which only unpacks them.
TAGS = ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"]
TAGS += ["--python-version", "3.12"]
TAGS += ["--implementation", "cp", "--abi", "cp312"]
OLDEST_PIP = (20, 3)  # the first that knows manylinux tags by glibc version


@dataclass(frozen=True)
class Wheel:
    package: str
    version: str
    file: str
    sha256: str
    megabytes: int


def obtain(wheel, downloads, scratch):
    """The path of the wheel, verified: the user's own file or a fresh download."""
    supplied = downloads / wheel.file
    if supplied.exists():
        return verified(supplied, wheel)
    return verified(download(wheel, downloads, scratch), wheel)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verified(path, wheel):
    found = sha256(path)
    if found == wheel.sha256:
        return path
    hint = f"remove it, or put the file with sha256 {wheel.sha256} in its place"
    raise Failure(f"{path} is not the expected file: its sha256 is {found}", hint)


def download(wheel, downloads, scratch):
    print(f"setup: downloading {wheel.package} {wheel.version} ({wheel.megabytes} MB)", file=sys.stderr)
    reason = pip_problem() or run_pip(wheel, scratch)
    path = scratch / wheel.file
    if path.exists():
        return path
    hint = f"put the file {wheel.file} (sha256 {wheel.sha256}) into {downloads}/ and run again"
    raise Failure(f"{wheel.package} {wheel.version} cannot be downloaded: {reason}", hint)


def pip_problem():
    """Why pip cannot be used, if it cannot."""
    version = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=False
    ).stdout
    numbers = re.match(r"pip (\d+)\.(\d+)", version)
    if not numbers:
        return "python3 has no pip (python3-pip)"
    if tuple(map(int, numbers.groups())) < OLDEST_PIP:
        return f"{version.split(' from')[0]} is too old, {'.'.join(map(str, OLDEST_PIP))} is needed"
    return None


def run_pip(wheel, scratch):
    """Runs `pip download`; gives the reason if it failed."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *TAGS]
    command += ["--require-hashes", "--no-input", "--progress-bar=off", "--dest", str(scratch)]
    # Nothing is installed, so a user's "only in a virtual environment" does not apply.
    environment = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "false", "PIP_NO_COLOR": "1"}
    result = subprocess.run(
        [*command, "-r", str(requirements)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    return reason(result.stdout.splitlines())


def reason(lines):
    """What of pip's output says why: a broken connection, else its first complaint.

    The last one does not help: whatever happened, pip ends by saying that it
    found no matching distribution.
    """
    broken = [found[1] for line in lines if (found := re.search(r"connection broken by '(.+)'", line))]
    complaints = [line for line in lines if re.match("(WARNING|ERROR): ", line)]
    # An unusable cache is reported too, and stops nothing.
    complaints = [line for line in complaints if "cache" not in line.lower()]
    told = broken[-1:] or complaints[:1] or lines[-1:] or ["pip said nothing"]
    return re.sub(r"^(WARNING|ERROR): |<[^<>]* object at \w+>: ", "", told[0]).strip()
