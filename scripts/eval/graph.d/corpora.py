"""The corpora: where each tree stands, and how its truth is made."""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import packages
import workspace

HERE = Path(__file__).resolve().parent
SOURCES = {"typescript": (".ts", ".tsx", ".js", ".jsx"), "python": (".py",)}


@dataclass(frozen=True)
class Corpus:
    """A tree that is indexed, and the part of it that is compared."""

    name: str
    title: str
    tree: Path
    language: str
    below: str = ""  # what is compared, "" for all
    facts: tuple = ()  # files with the facts of the truth
    cruised: Path = None  # what dependency-cruiser says

    def files(self):
        """The files that are compared, relative to the tree."""
        found = (path.relative_to(self.tree).as_posix() for path in (self.tree / self.below).rglob("*") if path.is_file())
        return sorted(name for name in found if name.endswith(SOURCES[self.language]))


def work(name):
    folder = packages.cache() / "graph" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def remembered(corpus, what, scripts, make):
    """The output of a truth, made again only if its scripts or the files change."""
    about = [str(corpus.tree), *packages.NODE_TOOLS, *packages.PYTHON_TOOLS, *corpus.files()]
    digest = hashlib.sha256("\n".join(about).encode())
    for script in scripts:
        digest.update((HERE / script).read_bytes())
    path = work(corpus.name) / f"{what}-{digest.hexdigest()[:16]}.ndjson"
    if not path.exists():
        print(f"{corpus.name}: asking {what}", file=sys.stderr)
        part = path.with_suffix(".part")
        part.write_text(make())
        part.rename(path)
    return path


# ── TypeScript ──────────────────────────────────────────────────────────────


def of_compiler(corpus, tree, config=None):
    script = HERE / "truth_typescript.js"
    words = ["node", "--max-old-space-size=4096", script, packages.package("typescript"), tree, *([config] if config else [])]
    asked = "\n".join(corpus.files())
    return remembered(corpus, "typescript", [script.name, "../truth_typescript.js", "workspace.py"], lambda: packages.run(*words, input=asked))


def typescript(name, title, tree, truth_tree=None, config=None):
    corpus = Corpus(name, title, tree, "typescript")
    facts = (of_compiler(corpus, truth_tree or tree, config),)
    cruised = of_cruiser(corpus, truth_tree or tree, config)
    return replace(corpus, facts=facts, cruised=cruised)


def of_cruiser(corpus, tree, config=None):
    """What dependency-cruiser finds of the imports, as JSON: a second opinion."""
    options = ["--no-config", "--ts-pre-compilation-deps", "--output-type", "json", *(["--ts-config", config] if config else [])]
    make = lambda: packages.run(packages.node_tool("depcruise"), *options, ".", cwd=tree)
    return remembered(corpus, "dependency-cruiser", [], make)


def rxjs():
    tree = packages.package("rxjs") / "src"
    return typescript("rxjs", "rxjs 7.8.2 src", tree, config=tree / "tsconfig.base.json")


def paper():
    """144 .tsx files of real components; the compiler also sees the types of React."""
    tree = packages.package("react-native-paper") / "src"
    copy = work("paper") / "src"
    if not copy.exists():
        declarations(copy.parent / "node_modules")
        shutil.copytree(tree, copy)
    return typescript("paper", "react-native-paper 5.14.5 src", tree, copy)


def declarations(modules):
    """The declaration files of React and React Native, where the compiler finds them."""
    for name in ("@types/react", "csstype", "react-native"):
        source = packages.package(name)
        for path in [source / "package.json", *source.rglob("*.d.ts")]:
            target = modules / name / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def composed():
    tree = workspace.compose(work("workspace") / "tree")
    copy = workspace.with_modules(tree, work("workspace") / "installed")
    declarations(copy / "node_modules")
    return typescript("workspace", "composed workspace", tree, copy)


def mobx():
    return typescript("mobx", "mobx 6.13.7 src (held out)", packages.package("mobx") / "src")


def table():
    return typescript("table", "table-core 8.21.3 src (held out)", packages.package("@tanstack/table-core") / "src")


def eslint():
    """CommonJS, with types in its comments that the compiler reads."""
    return typescript("eslint", "eslint 9.36.0 lib (held out)", packages.package("eslint") / "lib")


# ── Python ──────────────────────────────────────────────────────────────────


def python(name, title, package, folder, module):
    """Calls are what jedi and scip-python find, imports what grimp finds."""
    tree = packages.package(package)
    below = f"{folder}/{module}".lstrip("/")
    corpus = Corpus(name, title, tree, "python", below)
    facts = (of_jedi(corpus), of_scip(corpus, package), of_grimp(corpus, folder, module))
    return replace(corpus, facts=facts)


def of_jedi(corpus):
    asked = "\n".join(corpus.files())
    words = [packages.python_tools(), HERE / "truth_jedi.py", corpus.tree]
    same = {**os.environ, "PYTHONHASHSEED": "0"}
    make = lambda: packages.run(*words, input=asked, env=same)
    return remembered(corpus, "jedi", ["truth_jedi.py", "python_sites.py"], make)


def of_scip(corpus, package):
    index = work(corpus.name) / "index.scip"
    version = packages.pins()[package][2]

    def make():
        if not index.exists():
            words = ["index", "--quiet", "--project-name", package, "--project-version", version, "--cwd", corpus.tree]
            packages.run(packages.node_tool("scip-python"), *words, "--target-only", corpus.below, "--output", index)
        script = HERE / "truth_scip.py"
        return packages.run(sys.executable, script, corpus.tree, index, corpus.below, input="\n".join(corpus.files()))

    return remembered(corpus, "scip-python", ["truth_scip.py", "python_sites.py"], make)


def of_grimp(corpus, folder, module):
    words = [packages.python_tools(), HERE / "truth_grimp.py", corpus.tree, folder, module]
    return remembered(corpus, "grimp", ["truth_grimp.py"], lambda: packages.run(*words))


def celery():
    return python("celery", "celery 5.5.3, package celery", "celery", "", "celery")


def werkzeug():
    return python("werkzeug", "werkzeug 3.1.3 src (held out)", "werkzeug", "src", "werkzeug")


def jinja():
    return python("jinja", "Jinja 3.1.6 src (held out)", "Jinja2", "src", "jinja2")


ALL = {one.__name__: one for one in (rxjs, paper, celery, mobx, werkzeug, table, eslint, jinja)} | {"workspace": composed}


def facts(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
