"""Builds, collects, packs and checks: see scripts/package."""

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "setup.d"))

import build
import glibc
import parts
import sbom
import twice
from failure import Failure
from wheels import sha256

OLDEST_GLIBC = (2, 28)
LARGEST = 75_000_000


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/package", description="Builds the program with everything inside.")
    parser.add_argument("--output", type=Path, default=None, metavar="DIR", help="where it goes [default: target/package]")
    parser.add_argument("--twice", action="store_true", help="build the commit a second time, elsewhere, and compare")
    return parser.parse_args()


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()


def version():
    with open(ROOT / "Cargo.toml", "rb") as manifest:
        return tomllib.load(manifest)["package"]["version"]


def pack(program, folder, output):
    say("packing")
    command = ["cargo", "run", "--locked", "--quiet", "--example", "pack", "--", program, folder, output]
    subprocess.run(command, cwd=ROOT, check=True)


def check(output, needed):
    size = output.stat().st_size
    if size > LARGEST:
        raise Failure(f"{output.name} has {size} bytes", f"it must not have more than {LARGEST}")
    if needed > OLDEST_GLIBC:
        raise Failure(f"{output.name} needs glibc {glibc.shown(needed)}", "what asks for it is listed above")


def package(output):
    work = target() / "package"
    work.mkdir(parents=True, exist_ok=True)
    output.mkdir(parents=True, exist_ok=True)
    program = build.release(target(), OLDEST_GLIBC)
    folder = parts.stage(work)
    needed = glibc.needed([program, *glibc.objects(folder)])
    packed = output / f"mnemo-index-{version()}-x86_64-linux"
    pack(program, folder, packed)
    check(packed, needed)
    bill = output / f"{packed.name}.cdx.json"
    sbom.write(target(), bill)
    sums = "".join(f"{sha256(path)}  {path.name}\n" for path in (packed, bill))
    (output / f"{packed.name}.sha256").write_text(sums)
    size = packed.stat().st_size / 1e6
    print(f"{packed}: {size:.1f} MB, needs glibc {glibc.shown(needed)}, sha256 {sha256(packed)}")


def say(text):
    print(f"package: {text}", file=sys.stderr, flush=True)


def main():
    given = arguments()
    output = given.output.absolute() if given.output else target() / "package"
    try:
        package(output)
        if given.twice:
            twice.compare(target(), output)
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failed:
        print(f"error: {failed.cmd[0]} {failed.cmd[1]} failed\nhint: see above", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
