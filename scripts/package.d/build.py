"""The plain program, built so that it runs with an old C library and comes out
the same wherever it is built.

Zig's C compiler and linker have the symbols of every glibc, so that no old
system is needed to build on. Both tools are unpacked from their wheels.
"""

import os
import subprocess
import sys
from pathlib import Path

from unpack import extract, is_complete, made, names_in
from wheels import Wheel, obtain

ROOT = Path(__file__).resolve().parents[2]
TRIPLE = "x86_64-unknown-linux-gnu"
ZIG = Wheel(
    "ziglang",
    "0.17.1",
    "ziglang-0.17.1-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl",
    "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54",
    101,
)
ZIGBUILD = Wheel(
    "cargo-zigbuild",
    "0.24.1",
    "cargo_zigbuild-0.24.1-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
    "238a1ab54a95053a4eadc34775c81f795a8ad75f80bfed63f3f445f518102375",
    2,
)
PROGRAMS = ("ziglang/zig", "cargo_zigbuild-0.24.1.data/scripts/cargo-zigbuild")


def release(target, glibc):
    """The path of the release build, for glibc of at least this version."""
    tools = [tool(target / "tools", wheel) for wheel in (ZIG, ZIGBUILD)]
    zig, zigbuild = (folder / name for folder, name in zip(tools, PROGRAMS))
    print("package: building", file=sys.stderr, flush=True)
    wanted = ".".join(map(str, glibc))
    command = [zigbuild, "zigbuild", "--release", "--locked", "--bin", "mnemo-index"]
    command += ["--target", f"{TRIPLE}.{wanted}"]
    subprocess.run(command, cwd=ROOT, env=environment(zig), check=True)
    return target / TRIPLE / "release" / "mnemo-index"


def tool(tools, wheel):
    """The folder with the content of a wheel, unpacked if it is not there."""
    folder = tools / f"{wheel.package}-{wheel.version}"
    if is_complete(folder, wheel.sha256):
        return folder
    with made(folder, wheel.sha256) as (scratch, unpacked):
        path = obtain(wheel, tools, scratch)
        extract(path, {name: name for name in names_in(path)}, unpacked)
        for program in PROGRAMS:
            if (unpacked / program).exists():
                (unpacked / program).chmod(0o755)
    return folder


def environment(zig):
    """No path of this machine in the program, and no time."""
    cargo = os.environ.get("CARGO_HOME", Path.home() / ".cargo")
    rust = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = {ROOT: "/mnemo-index", cargo: "/cargo", rust.stdout.strip(): "/rust"}
    return {
        **os.environ,
        "CARGO_ZIGBUILD_ZIG_PATH": str(zig),
        "CARGO_INCREMENTAL": "0",
        "SOURCE_DATE_EPOCH": commit_time(),
        "RUSTFLAGS": " ".join(f"--remap-path-prefix={path}={name}" for path, name in names.items()),
        "CFLAGS": " ".join(f"-ffile-prefix-map={path}={name}" for path, name in names.items()),
    }


def commit_time():
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "0"
