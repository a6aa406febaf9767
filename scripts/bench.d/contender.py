"""Embeds texts with what others would use: contender.py NAME FOLDER ROUNDS TEXTS VECTORS.

Runs in the environment of `python_peers`. FOLDER holds the model as
sentence-transformers wants it, with our ONNX graph beside. Prints one JSON
object: the seconds of each round. `compare COUNT` compares two files of vectors;
`make MODEL FOLDER` writes a model of the architecture of nomic-embed-text-v1.5 with
random weights, and the tokenizer of MODEL.
"""

import json
import sys
import time

import numpy

WINDOW = 256


def sentence_transformers(folder, dtype, batch):
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": getattr(torch, dtype)})
    model.max_seq_length = WINDOW
    options = {"batch_size": batch, "normalize_embeddings": True, "show_progress_bar": False}
    return lambda texts: model.encode(texts, convert_to_tensor=True, **options).float().numpy()


def make(model, folder):
    from transformers import NomicBertConfig, NomicBertModel, PreTrainedTokenizerFast

    NomicBertModel(NomicBertConfig()).save_pretrained(folder)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_file=f"{model}/tokenizer.json", **special).save_pretrained(folder)


def fastembed(folder, batch):
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    TextEmbedding.add_custom_model(
        model="local", pooling=PoolingType.DISABLED, normalization=True, dim=384,
        sources=ModelSource(hf="local"), model_file="model.onnx",
        additional_files=["model.onnx.data"],
    )
    model = TextEmbedding("local", specific_model_path=folder)
    model.model.tokenizer.enable_truncation(WINDOW)
    return lambda texts: numpy.array(list(model.embed(texts, batch_size=batch)))


CONTENDERS = {
    "st-fp32-1": lambda folder: sentence_transformers(folder, "float32", 1),
    "st-fp32-32": lambda folder: sentence_transformers(folder, "float32", 32),
    "st-bf16-1": lambda folder: sentence_transformers(folder, "bfloat16", 1),
    "st-bf16-32": lambda folder: sentence_transformers(folder, "bfloat16", 32),
    "fastembed-1": lambda folder: fastembed(folder, 1),
    "fastembed-256": lambda folder: fastembed(folder, 256),
}


def measure(name, folder, rounds, texts, vectors):
    embed = CONTENDERS[name](folder)
    with open(texts) as file:
        texts = json.load(file)
    seconds = []
    for _ in range(int(rounds)):
        begin = time.perf_counter()
        found = embed(texts)
        seconds.append(time.perf_counter() - begin)
    found.astype("<f4").tofile(vectors)
    print(json.dumps({"seconds": seconds}))


def neighbours(vectors):
    near = vectors @ vectors.T
    numpy.fill_diagonal(near, -2)
    return [set(row) for row in numpy.argsort(-near, axis=1)[:, :10]]


def compare(count, *files):
    exact, other = (numpy.fromfile(file, "<f4").reshape(int(count), -1) for file in files)
    exact, other = (v / numpy.linalg.norm(v, axis=1, keepdims=True) for v in (exact, other))
    cosines = (exact * other).sum(axis=1)
    shared = [len(a & b) / 10 for a, b in zip(neighbours(exact), neighbours(other))]
    result = {"mean": cosines.mean(), "min": cosines.min(), "top10": numpy.mean(shared)}
    result["largest"] = numpy.abs(exact - other).max()
    print(json.dumps({key: float(value) for key, value in result.items()}))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"compare": compare, "make": make}.get(command, lambda *rest: measure(command, *rest))(*arguments)
