"""ONNX Runtime: the shared library of its wheel."""

import sys

from unpack import extract
from wheels import Wheel

VERSION = "1.32.0"
WHEEL = Wheel(
    "onnxruntime",
    VERSION,
    f"onnxruntime-{VERSION}-cp312-cp312-manylinux_2_28_x86_64.whl",
    "99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8",
    28,
)
LIBRARY = f"libonnxruntime.so.{VERSION}"


def pin():
    return WHEEL.sha256


def install(path, folder):
    print(f"setup: unpacking ONNX Runtime {VERSION}", file=sys.stderr)
    notices = ["LICENSE", "ThirdPartyNotices.txt", "Privacy.md"]
    members = {f"onnxruntime/{name}": name for name in notices}
    extract(path, {**members, f"onnxruntime/capi/{LIBRARY}": LIBRARY}, folder)
