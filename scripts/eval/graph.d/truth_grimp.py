"""What grimp finds of the imports between the modules of a package: one JSON
object a line.

    python truth_grimp.py ROOT FOLDER PACKAGE

The package stands in FOLDER below ROOT; paths are relative to ROOT.
"""

import json
import pathlib
import sys

ROOT, FOLDER, PACKAGE = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / FOLDER))

import grimp  # noqa: E402


def path_of(module):
    base = ROOT / FOLDER / module.replace(".", "/")
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return path.relative_to(ROOT).as_posix()


graph = grimp.build_graph(PACKAGE, cache_dir=None)
for module in sorted(graph.modules):
    for target in sorted(graph.find_modules_directly_imported_by(module)):
        lines = [one["line_number"] for one in graph.get_import_details(importer=module, imported=target)]
        fact = {"fact": "import", "path": path_of(module), "target": path_of(target)}
        print(json.dumps({**fact, "specifier": target, "line": min(lines, default=0), "column": 1}))
