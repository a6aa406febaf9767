"""What jedi finds at each call, decorator and base class of Python files: one
JSON object a line, for each file named on standard input.

    python truth_jedi.py ROOT < files

A name is followed to its definition through imports; where that is a variable,
its inferred values count.
"""

import json
import multiprocessing
import pathlib
import sys

import jedi

import python_sites

ROOT = pathlib.Path(sys.argv[1]).resolve()


class Truth:
    def __init__(self):
        self.project = jedi.Project(ROOT, load_unsafe_extensions=False)
        self.files = {}

    def file(self, path):
        if path not in self.files:
            self.files[path] = python_sites.read(ROOT, path)
        return self.files[path]

    def of(self, path):
        file = self.file(path)
        if file is None:
            return [{"fact": "refused", "path": path}]
        script = jedi.Script(path=ROOT / path, project=self.project)
        return [self.fact(path, site, script) for site in file.sites]

    def fact(self, path, site, script):
        targets, bound, why = self.targets(script, site)
        plain = site.own or "." not in site.text or self.of_module(script, site)
        return {
            "fact": site.fact,
            "path": path,
            "source": site.source,
            "name": site.name,
            "text": site.text,
            "line": site.line,
            "column": site.column,
            "plain": plain,
            "stated": plain and bound,
            "targets": targets,
            "why": why,
        }

    def targets(self, script, site):
        """Definitions, whether the name is bound to them itself, and why there are none."""
        seen = []
        for bound, ask in ((True, lambda: script.goto(site.line, site.column - 1, follow_imports=True)), (False, lambda: script.infer(site.line, site.column - 1))):
            names = asked(ask)
            seen += names
            found = [one for one in map(self.definition, names) if one]
            if found:
                return distinct(found), bound, None
        outside = any(name.module_path is None or not inside(name.module_path) for name in seen)
        return [], False, "external" if outside else "no definition" if seen else "unknown"

    def definition(self, name):
        if name.type not in ("function", "class") or name.module_path is None or not inside(name.module_path):
            return None
        path = pathlib.Path(name.module_path).resolve().relative_to(ROOT).as_posix()
        file = self.file(path)
        qualname = file and file.definitions.get((name.line, name.name))
        return qualname and {"path": path, "qualname": python_sites.folded(qualname)}

    def of_module(self, script, site):
        """Whether the name before the dot is a module or a class."""
        if site.object is None:
            return False
        line, column = site.object
        names = asked(lambda: script.goto(line, column - 1, follow_imports=True))
        return bool(names) and all(name.type in ("module", "namespace", "class") for name in names)


def asked(ask):
    try:
        return ask()
    except Exception:  # jedi's own faults: what it cannot say is unknown
        return []


def inside(path):
    return pathlib.Path(path).resolve().is_relative_to(ROOT)


def distinct(found):
    return list({(one["path"], one["qualname"]): one for one in found}.values())


def start():
    global truth
    truth = Truth()


def facts(path):
    return [json.dumps(fact) for fact in truth.of(path)]


def main():
    names = sys.stdin.read().splitlines()
    # What jedi finds depends on what it was asked before: a process a file. One
    # at a time, since they share a cache that one may read while another writes.
    with multiprocessing.Pool(1, initializer=start, maxtasksperchild=1) as pool:
        for found in pool.imap(facts, names, chunksize=1):
            print("\n".join(found)) if found else None


if __name__ == "__main__":
    main()
