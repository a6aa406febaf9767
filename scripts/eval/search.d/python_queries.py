"""Functions of Python files with their docstrings, which are blanked where they
stand."""

import ast


def blanked(text):
    """The text without the docstrings of its functions, line for line as before,
    and the functions that had one: (name, line of `def`, docstring)."""
    lines = text.split("\n")
    documented = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        doc = ast.get_docstring(node)
        if not doc:
            continue
        blank(lines, node)
        # What is only a docstring has no code to be found by.
        if len(node.body) > 1:
            documented.append((node.name, node.lineno, doc))
    return "\n".join(lines), documented


def blank(lines, node):
    place = node.body[0]
    first, last = place.lineno - 1, place.end_lineno - 1
    # Columns are bytes.
    before = lines[first].encode()[: place.col_offset].decode()
    after = lines[last].encode()[place.end_col_offset :].decode()
    for number in range(first, last + 1):
        lines[number] = ""
    filler = "..." if len(node.body) == 1 else ""
    lines[first] = (before + filler).rstrip() if first != last else (before + filler + after.lstrip("; ")).rstrip()
    if first != last and after.strip():
        lines[last] = " " * place.col_offset + after.lstrip("; ")
