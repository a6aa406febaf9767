"""make.py FOLDER LAYERS TREE: what scripts/stand-ins does, with numpy at hand."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import forward
import graphs
import weights
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

FACTS = Path(__file__).resolve().parents[2] / "models"
TEXTS = ("class Subject<T> extends Observable<T>", "Sum of the prices in a cart.", "x")
NOMIC, JINA = "nomic-embed-text-v1.5", "jina-embeddings-v2-base-code"
FORMS = (("model.onnx", weights.Exact), ("model.int8.onnx", weights.EightBits))


def home():
    """Where scripts/setup installs."""
    if os.environ.get("MNEMO_HOME"):
        return Path(os.environ["MNEMO_HOME"])
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "mnemo-index"


def wordpiece(folder, tree):
    """BERT's vocabulary, as all-MiniLM-L6-v2 has it too."""
    source = home() / "models" / "all-minilm-l6-v2" / "tokenizer.json"
    if not source.is_file():
        sys.exit("error: all-minilm-l6-v2 is not there\nhint: run scripts/setup first")
    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(folder / "tokenizer.json"))


def bpe(folder, tree):
    """Bytes merged into words as they occur in `tree`, with the special tokens of RoBERTa."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=61056,
        min_frequency=2,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    files = sorted(path for path in tree.rglob("*") if path.suffix in (".ts", ".tsx", ".js", ".py"))
    tokenizer.train([str(path) for path in files], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))


# Encoder, its forward pass, rows of its table, its tokenizer, what stands before a text.
KINDS = {
    NOMIC: (graphs.Nomic, forward.nomic, 30528, wordpiece, "search_document: "),
    JINA: (graphs.Jina, forward.jina, 61056, bpe, ""),
}


def make(name, folder, layers, tree):
    encoder, vector_of, vocabulary, make_tokenizer, prefix = KINDS[name]
    make_tokenizer(folder, tree)
    for file, store in FORMS:
        graphs.write(encoder, store, folder / file, (vocabulary, layers))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    known = [
        {"text": text, "vector": vector_of(tokenizer.encode(prefix + text).ids, vocabulary, layers)}
        for text in TEXTS
    ]
    (folder / "reference.json").write_text(json.dumps({"texts": known}))
    (folder / "model.toml").write_text(manifest(name, folder, layers))


def manifest(name, folder, layers):
    """The facts of the real model, and the files of this one."""
    facts = (FACTS / name / "model.toml").read_text(encoding="utf-8")
    head = facts.split("\n[", 1)[0].rstrip()
    note = f"# A stand-in by scripts/stand-ins: random weights, {layers} layers.\n"
    exact, eight = ([files(folder, table, graph) for graph in (f"{file}", f"{file}.data")]
                    for table, file in (("files", "model.onnx"), ("int8.files", "model.int8.onnx")))
    tokenizer = files(folder, "files", "tokenizer.json")
    return "\n".join([note + head, "", *exact, tokenizer, '[int8]\ngraph = "model.int8.onnx"\n', *eight])


def files(folder, table, name):
    path = folder / name
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256") if sys.version_info >= (3, 11) else sha256(file)
    return f'[[{table}]]\nname = "{name}"\nsize = {path.stat().st_size}\nsha256 = "{digest.hexdigest()}"\n'


def sha256(file):
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest


def main(folder, layers, tree):
    for name in KINDS:
        print(f"stand-ins: {name}, {layers} layers", file=sys.stderr)
        draft = folder / f".{name}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        make(name, draft, layers, tree)
        shutil.rmtree(folder / name, ignore_errors=True)
        draft.rename(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
