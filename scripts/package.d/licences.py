"""The licences of all that is in the program.

`crates.txt` lists the Rust crates and is compiled in, so that every build can
tell. The notices, whole texts, are collected when the program is packaged.

usage: licences.py [--check]    writes src/commands/crates.txt, or compares it
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "src" / "commands" / "crates.txt"
TARGET = "x86_64-unknown-linux-gnu"
TEXTS = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
CODE = {".rs", ".py", ".sh", ".c", ".h", ".json", ".toml"}
# C sources that a crate brings along, under a licence of their own.
VENDORED = {"zstd-sys": ["zstd/LICENSE"]}


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={TARGET}"]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def crates(found):
    """The packages whose code is in the program, by name and version: what is
    reached without passing a build script, a test or a procedural macro."""
    packages = {package["id"]: package for package in found["packages"]}
    nodes = {node["id"]: node for node in found["resolve"]["nodes"]}
    todo, seen = [found["resolve"]["root"]], set()
    while todo:
        here = todo.pop()
        if here not in seen and not is_macro(packages[here]):
            seen.add(here)
            todo += [d["pkg"] for d in nodes[here]["deps"] if any(k["kind"] is None for k in d["dep_kinds"])]
    inside = [packages[one] for one in seen - {found["resolve"]["root"]}]
    return sorted(inside, key=lambda package: (package["name"], package["version"]))


def is_macro(package):
    return any("proc-macro" in target["kind"] for target in package["targets"])


def listed(inside):
    lines = [f"{p['name']} {p['version']}: {spdx(p)}" for p in inside]
    return "\n".join(lines) + "\n"


def spdx(package):
    # The older way to write a choice.
    return (package["license"] or "see its licence file").replace("/", " OR ")


def texts(package):
    folder = Path(package["manifest_path"]).parent
    files = [path for path in sorted(folder.iterdir()) if TEXTS.match(path.name) and path.suffix not in CODE]
    files += [folder / name for name in VENDORED.get(package["name"], [])]
    inside = (part for path in files for part in ([path] if path.is_file() else sorted(path.iterdir())))
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in inside if path.is_file()]


def crate_notices(inside):
    """Each text once, under the names of the crates that carry it."""
    carried, without = {}, []
    for package in inside:
        name = f"{package['name']} {package['version']}"
        found = texts(package)
        for text in found:
            carried.setdefault(text, []).append(name)
        if not found:
            without.append(f"{name}: {spdx(package)}, by {', '.join(package['authors']) or 'its authors'}")
    parts = [section(", ".join(dict.fromkeys(names)), text) for text, names in carried.items()]
    if without:
        parts.append(section("crates that carry no text of their licence", "\n".join(without)))
    return parts


def section(title, text):
    return f"{'=' * 78}\n{title}\n{'=' * 78}\n\n{text.strip()}\n"


def main(arguments):
    now = listed(crates(metadata()))
    if arguments == ["--check"]:
        if LIST.read_text() == now:
            return 0
        print("error: src/commands/crates.txt is not what Cargo.lock says\nhint: python3 scripts/package.d/licences.py", file=sys.stderr)
        return 1
    LIST.write_text(now)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
