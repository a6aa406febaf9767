"""The oldest GNU C library that programs and libraries can run with."""

import re
import subprocess
import sys


def objects(folder):
    """The ELF files below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if path.read_bytes()[:4] == b"\x7fELF"]


def needed(files):
    """The newest version of glibc that any of them asks for; says which."""
    found = {path: versions(path) for path in files}
    newest = max(max(asked, default=(0,)) for asked in found.values())
    for path, asked in found.items():
        if max(asked, default=(0,)) == newest:
            print(f"package: {path.name} asks for glibc {shown(newest)}", file=sys.stderr)
    return newest


def versions(path):
    """What the dynamic linker will look for: names like GLIBC_2.28."""
    command = ["readelf", "--version-info", "--wide", str(path)]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    _, _, wanted = table.partition("Version needs section")
    return [tuple(map(int, name.split("."))) for name in re.findall(r"Name: GLIBC_([0-9.]+)", wanted)]


def shown(version):
    return ".".join(map(str, version))
