"""ONNX Runtime with the CUDA provider, for machines with an NVIDIA GPU.

CUDA's own libraries are the machine's affair: cuBLAS, cuRAND and the runtime of
CUDA 13, where the loader finds them.
"""

import sys

from unpack import extract
from wheels import Wheel

VERSION = "1.31.1"
WHEEL = Wheel(
    "onnxruntime-gpu",
    VERSION,
    f"onnxruntime_gpu-{VERSION}-cp312-cp312-manylinux_2_28_x86_64.whl",
    "05d548956197b9d01f59b625de740e0d6be3593f874e241a12dc0362650ecdf7",
    256,
)
LIBRARIES = (
    f"libonnxruntime.so.{VERSION}",
    "libonnxruntime_providers_shared.so",
    "libonnxruntime_providers_cuda.so",
)
NOTICES = ("LICENSE", "ThirdPartyNotices.txt")


def pin():
    return WHEEL.sha256


def install(path, folder):
    print(f"setup: unpacking ONNX Runtime {VERSION} with CUDA", file=sys.stderr)
    members = {f"onnxruntime/{name}": name for name in NOTICES}
    members |= {f"onnxruntime/capi/{name}": name for name in LIBRARIES}
    extract(path, members, folder)
