"""ONNX Runtime with the OpenVINO provider, for processors that multiply in bf16."""

import sys
import zipfile
from pathlib import Path

from unpack import extract
from wheels import Wheel

VERSION = "1.24.1"
WHEEL = Wheel(
    "onnxruntime-openvino",
    VERSION,
    f"onnxruntime_openvino-{VERSION}-cp312-cp312-manylinux_2_28_x86_64.whl",
    "d617fac2f59a6ab5ea59a788c3e1592240a129642519aaeaa774761dfe35150e",
    84,
)
INSTRUCTIONS = {"amx_bf16", "avx512_bf16"}
# The core, its plug-in for processors, threads, and ONNX Runtime with its provider.
# Beside them the wheel has plug-ins for other devices, and Python's own parts.
LIBRARIES = (
    f"libonnxruntime.so.{VERSION}",
    "libonnxruntime_providers_shared.so",
    "libonnxruntime_providers_openvino.so",
    "libopenvino.so.2541",
    "libopenvino_intel_cpu_plugin.so",
    "libopenvino_onnx_frontend.so.2541",
    "libtbb.so.12",
)
NOTICES = ("LICENSE", "ThirdPartyNotices.txt", "Privacy.md")


def is_of_use():
    """Whether this processor has the instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not INSTRUCTIONS.isdisjoint(flags.split())


def pin():
    return WHEEL.sha256


def install(path, folder):
    print(f"setup: unpacking ONNX Runtime {VERSION} with OpenVINO", file=sys.stderr)
    with zipfile.ZipFile(path) as archive:
        there = set(archive.namelist())
    notices = {f"onnxruntime/{name}": name for name in NOTICES}
    members = {name: target for name, target in notices.items() if name in there}
    members |= {f"onnxruntime/capi/{name}": name for name in LIBRARIES}
    extract(path, members, folder)
