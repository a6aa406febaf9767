"""Where Python sources call, decorate and inherit, as Python's own `ast` sees
them, and where their functions and classes are defined.

A site belongs to the innermost `def` or `class` whose body holds it: the
decorators, default values and bases of a definition are evaluated in the scope
around it. Lambdas belong to what is around them.
"""

import ast
import re
import warnings
from dataclasses import dataclass

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Site:
    fact: str  # call or extends
    source: str  # qualname of the scope, "" for the file
    name: str  # the last name of what is called
    text: str
    line: int
    column: int  # in characters, from 1, of the name
    object: tuple | None  # line and column of the name before the dot
    own: bool  # a member of self, cls or super()


class File:
    """The sites and definitions of one file."""

    def __init__(self, source):
        self.lines = source.splitlines()
        self.sites = []
        self.definitions = {}  # (line of `def`, name) -> qualname
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        self._walk(tree)

    def word(self, line, column):
        """The name that begins at a place."""
        return re.match(r"\w*", self.lines[line - 1][column - 1 :])[0] if line <= len(self.lines) else ""

    def _walk(self, tree):
        waiting = [(tree, "", None)]
        while waiting:
            node, scope, first = waiting.pop()
            self._site(node, scope, first)
            for child, inner in self._children(node, scope):
                bound = self._first_parameter(node, child, first)
                waiting.append((child, inner, bound))

    def _children(self, node, scope):
        """Each child with the scope that it is evaluated in."""
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield from ((child, scope) for child in ast.iter_child_nodes(node))
            return
        inner = f"{scope}.{node.name}".lstrip(".")
        self.definitions[node.lineno, node.name] = inner
        body = {id(child) for child in node.body}
        for child in ast.iter_child_nodes(node):
            yield child, inner if id(child) in body else scope

    @staticmethod
    def _first_parameter(node, child, first):
        """The name under which a method knows its object."""
        if isinstance(node, ast.ClassDef) and isinstance(child, FUNCTIONS):
            names = [*child.args.posonlyargs, *child.args.args]
            return names[0].arg if names else None
        return first

    def _site(self, node, scope, first):
        if isinstance(node, ast.Call):
            self._add("call", node.func, scope, first)
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            for decorator in node.decorator_list:
                if not isinstance(decorator, ast.Call):
                    self._add("call", decorator, scope, first)
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                base = base.value if isinstance(base, ast.Subscript) else base
                self._add("extends", base, scope, first, f"{scope}.{node.name}".lstrip("."))

    def _add(self, fact, callee, scope, first, source=None):
        if isinstance(callee, ast.Name):
            name, line, column, holder = callee.id, callee.lineno, callee.col_offset, None
        elif isinstance(callee, ast.Attribute):
            name, line = callee.attr, callee.end_lineno
            column = callee.end_col_offset - len(name.encode())
            holder = callee.value
        else:
            return
        column = self._characters(line, column) + 1
        own = is_own(holder, first)
        text = ast.unparse(callee)[:80]
        self.sites.append(Site(fact, scope if source is None else source, name, text, line, column, self._name_of(holder), own))

    def _characters(self, line, column):
        """`ast` counts bytes."""
        return len(self.lines[line - 1].encode()[:column].decode())

    def _name_of(self, holder):
        if isinstance(holder, ast.Name):
            return holder.lineno, self._characters(holder.lineno, holder.col_offset) + 1
        if isinstance(holder, ast.Attribute):
            start = holder.end_col_offset - len(holder.attr.encode())
            return holder.end_lineno, self._characters(holder.end_lineno, start) + 1
        return None


def is_own(holder, first):
    if isinstance(holder, ast.Name):
        return holder.id == first or holder.id in ("self", "cls")
    call = isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name)
    return call and holder.func.id == "super"


def read(root, path):
    """The File, or None if Python refuses it."""
    try:
        return File((root / path).read_bytes().decode("utf-8-sig"))
    except (SyntaxError, ValueError):
        return None


def folded(qualname):
    """A constructor stands for its class."""
    return qualname.removesuffix(".__init__").removesuffix(".__new__")
