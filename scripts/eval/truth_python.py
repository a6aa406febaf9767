"""The definitions of Python files as Python's own `ast` sees them: one JSON
object a line, for each file named on standard input.

    python3 truth_python.py ROOT < files
"""

import ast
import json
import pathlib
import sys
import warnings

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def kind(node, enclosing):
    if isinstance(node, ast.ClassDef):
        return "class"
    if isinstance(enclosing, ast.ClassDef):
        return "method"
    return "async_function" if isinstance(node, ast.AsyncFunctionDef) else "function"


def definitions(tree):
    """Every def and class, and how many lambdas were left out."""
    found, lambdas = [], 0
    waiting = [(tree, None, "")]
    while waiting:
        node, enclosing, prefix = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                lines = [child.lineno, *(one.lineno for one in child.decorator_list)]
                qualname = prefix + child.name
                found.append({
                    "kind": kind(child, enclosing),
                    "name": child.name,
                    "qualname": qualname,
                    "line": min(lines),
                    "end": child.end_lineno,
                })
                waiting.append((child, child, qualname + "."))
            else:
                is_lambda = isinstance(child, ast.Lambda)
                lambdas += is_lambda
                waiting.append((child, child if is_lambda else enclosing, prefix))
    return found, lambdas


def main():
    warnings.simplefilter("ignore")
    root = pathlib.Path(sys.argv[1])
    for name in sys.stdin.read().splitlines():
        try:
            tree = ast.parse((root / name).read_bytes())
        except (SyntaxError, ValueError) as error:
            print(json.dumps({"path": name, "error": str(error)}))
            continue
        found, lambdas = definitions(tree)
        print(json.dumps({"path": name, "definitions": found, "excluded": {"lambda": lambdas}}))


main()
