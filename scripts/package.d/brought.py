"""What `scripts/setup` brings: from the user's home if it is there, else got anew."""

import os
from pathlib import Path

import model
import postgres
import runtime
from install import install
from unpack import is_complete


def onnx_runtime(work):
    return folder(work, f"runtime/onnxruntime-{runtime.VERSION}", runtime, runtime.WHEEL)


def small_model(work):
    return folder(work, "models/all-minilm-l6-v2", model, model.wheel())


def server(work):
    return folder(work, f"postgres/{postgres.VERSION}", postgres, postgres.WHEEL)


def folder(work, place, module, wheel):
    home = os.environ.get("MNEMO_HOME")
    ours = work / "home" / place
    for found in [Path(home) / place, ours] if home else [ours]:
        if is_complete(found, module.pin()):
            return found
    (work / "home" / "downloads").mkdir(parents=True, exist_ok=True)
    install(work / "home", ours, wheel, module)
    return ours
