"""What the figures were measured on, and with."""

import os
import platform
import subprocess
from pathlib import Path

import home
import runtime

# What decides how fast a processor multiplies matrices.
EXTENSIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
VERSIONS = """
SELECT current_setting('server_version'), extversion,
       (SELECT string_agg(role || ' ' || model_id || ' (' || width || ')', ', ' ORDER BY role)
        FROM embedding_models)
FROM pg_extension WHERE extname = 'vector'
"""


def machine():
    return {
        "processor": f"{first('/proc/cpuinfo', 'model name')} ({' '.join(extensions())})",
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(first('/proc/meminfo', 'MemTotal').split()[0]) / 1024**2:.1f} GiB",
        "system": f"{pretty_name()}, Linux {platform.release().split('-')[0]}",
        "C library": os.confstr("CS_GNU_LIBC_VERSION"),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def first(path, name):
    """The value of the first line `name : value` of a file."""
    lines = Path(path).read_text().splitlines()
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "unknown")


def extensions():
    flags = first("/proc/cpuinfo", "flags").split()
    return [name for name in EXTENSIONS if name in flags]


def pretty_name():
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return "Linux"
    names = [line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME=")]
    return names[0] if names else "Linux"


def program(binary, root, is_built_here):
    """Of the program itself: its version and, if we built it, the commit."""
    versions = {"mnemo-index": version(binary)}
    if is_built_here:
        versions["commit"] = commit(root)
    return {**versions, "ONNX Runtime": runtime.VERSION}


def version(binary):
    return (home.short([binary, "--version"], None).stdout.split() or ["unknown"])[-1]


def commit(root):
    words = ["git", "-C", root, "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return home.short(words, None).stdout.strip() or "unknown"
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def database(place):
    server, pgvector, models = place.ask(VERSIONS, "")[0]
    return {"PostgreSQL": server, "pgvector": pgvector, "models": models}
