"""PyCG's micro-benchmark: 118 small programs with the calls that each makes,
labelled by hand.

Its conventions: names are dotted from the folder of the program; a class
without a constructor is no target; a call of what the program does not define
(builtins, other packages) is not asked for. Lambdas are asked for, and have no
nodes here.
"""

import collections
import json

import packages
import score
from truth import Relation


def programs():
    """(category, name, folder) of each."""
    root = packages.package("PyCG") / "micro-benchmark" / "snippets"
    for path in sorted(root.glob("*/*/callgraph.json")):
        yield path.parent.parent.name, path.parent.name, path.parent


def module_of(path):
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def name_of(node):
    path, qualname = node
    return ".".join(part for part in (module_of(path), qualname) if part)


def labelled(folder):
    """The edges between names that the program defines."""
    modules = {module_of(path.relative_to(folder).as_posix()) for path in folder.rglob("*.py")}
    wanted = json.loads((folder / "callgraph.json").read_text())
    inside = lambda name: any(name == one or name.startswith(one + ".") for one in modules)
    return {(source, target) for source, targets in wanted.items() for target in targets if inside(target)}


def found(graph):
    """The edges of the index; a class stands for the constructor that it has or inherits."""
    methods = {(path, qualname) for kind, path, qualname in graph.nodes.values() if kind == "Method"}
    bases = collections.defaultdict(list)
    for edge in sorted((one for one in graph.edges if one.relation == "extends"), key=lambda one: one.sites()):
        bases[edge.source].append(edge.target)
    edges = set()
    for (_, *source), (kind, *target) in graph.raw_calls:
        target = constructor(tuple(target), bases, methods) if kind == "Class" else target
        edges |= {(name_of(source), name_of(target))} if target else set()
    return edges


def constructor(of, bases, methods, depth=0):
    """Depth first, as these programs need no more."""
    path, qualname = of
    if (path, f"{qualname}.__init__") in methods:
        return path, f"{qualname}.__init__"
    each = (constructor(base, bases, methods, depth + 1) for base in bases[of]) if depth < 9 else ()
    return next(filter(None, each), None)


def evaluate(indexer, show):
    relations = collections.defaultdict(list)
    for category, name, folder in programs():
        graph = indexer.graph(folder, f"pycg-{category}-{name}")
        wanted, ours = labelled(folder), found(graph)
        relations[category].append(score.rates(Relation(wanted, wanted), ours))
        for edge in sorted(wanted ^ ours) if show else ():
            print(f"pycg\t{category}/{name}\t{edge[0]}\t{edge[1]}\t{'missing' if edge in wanted else 'extra'}")
    table(relations)


def total(each):
    return score.Rates(*(sum(getattr(one, field) for one in each) for field in ("required", "found", "hit", "right")))


def table(relations):
    count = sum(map(len, relations.values()))
    print(f"\n### PyCG micro-benchmark: {count} programs\n")
    print("| category | programs | asked for | found | precision | recall | F1 |\n| --- " + "| ---: " * 6 + "|")
    every = [one for each in relations.values() for one in each]
    for name, each in [*sorted(relations.items()), ("**all**", every)]:
        rates = total(each)
        figures = f"{rates.precision:.3f} | {rates.recall:.3f} | {rates.f1:.3f}"
        print(f"| {name} | {len(each)} | {rates.required} | {rates.found} | {figures} |")
    sound = sum(one.right == one.found for one in every)
    complete = sum(one.hit == one.required for one in every)
    print(f"\n{sound} programs without a false edge, {complete} without a missing one.")
