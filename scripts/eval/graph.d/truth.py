"""The truth about a corpus: sites of calls, and the edges that they state.

An edge is (source file, source qualname, target file, target qualname).
`required` edges are asked for (recall); `accepted` ones are right if found
(precision); `spared` ones are neither: the compiler's target has no definition,
and the edge points at the type or the wrapped function that stands for it.
"""

import json
from dataclasses import dataclass, field

import corpora


@dataclass
class Site:
    """A place in a source that calls something."""

    source: tuple  # (path, qualname)
    name: str
    text: str
    plain: bool  # by syntax: a name, or a member of this, self, super, a namespace
    stated: bool  # plain, and the name is bound to the target itself
    required: set
    accepted: set
    spared: set
    why: str | None


@dataclass
class Relation:
    required: set = field(default_factory=set)
    accepted: set = field(default_factory=set)
    spared: set = field(default_factory=set)

    def judge(self, edge, is_true):
        """A verdict by hand overrules what the tools say."""
        self.spared.discard(edge)
        for edges in (self.required, self.accepted):
            edges.add(edge) if is_true else edges.discard(edge)


@dataclass
class Truth:
    files: set
    sites: dict  # (path, line, column) -> Site
    calls: Relation
    imports: Relation
    heritage: Relation
    definitions: dict  # name -> [(path, qualname)], what can be called
    sees_all: bool  # whether calls without a name, `f()()`, are sites of it
    stated: set = field(default_factory=set)  # edges of calls
    cruised: set = field(default_factory=set)  # file imports that dependency-cruiser finds


def load(corpus):
    facts = [fact for path in corpus.facts for fact in corpora.facts(path)]
    make = of_compiler if corpus.language == "typescript" else of_python
    truth = make(corpus, facts)
    for site in truth.sites.values():
        truth.calls.required |= site.required
        truth.calls.accepted |= site.accepted
        truth.calls.spared |= site.spared
        if site.stated:
            truth.stated |= site.required
    truth.calls.spared -= truth.calls.accepted
    truth.cruised = cruised(corpus, truth.files) if corpus.cruised else set()
    return truth


def cruised(corpus, files):
    modules = json.loads(corpus.cruised.read_text())["modules"]
    found = {(module["source"], "", one["resolved"], "") for module in modules for one in module["dependencies"]}
    return {edge for edge in found if edge[0] in files and edge[2] in files and edge[0] != edge[2]}


def empty(corpus):
    return Truth(set(corpus.files()), {}, Relation(), Relation(), Relation(), {}, corpus.language == "typescript")


def place(fact):
    return fact["path"], fact["line"], fact["column"]


def end(target):
    return target["path"], target["qualname"]


def edges(source, targets):
    return {(*source, *end(target)) for target in targets}


def add_import(truth, fact):
    edge = (fact["path"], "", fact["target"], "")
    if fact["target"] in truth.files and fact["path"] in truth.files and fact["path"] != fact["target"]:
        truth.imports.required.add(edge)
        truth.imports.accepted.add(edge)


# ── The TypeScript compiler ─────────────────────────────────────────────────

NOT_CALLED = ("interface", "type_alias", "enum", "namespace")


def of_compiler(corpus, facts):
    truth = empty(corpus)
    for fact in facts:
        kind = fact["fact"]
        if kind == "call":
            truth.sites[place(fact)] = compiled(fact)
        elif kind == "import":
            add_import(truth, fact)
        elif kind in ("extends", "implements"):
            found = {(kind, *edge) for edge in edges((fact["path"], fact["source"]), fact["targets"])}
            truth.heritage.required |= found
            truth.heritage.accepted |= found
        elif kind == "definition" and fact["kind"] not in NOT_CALLED:
            truth.definitions.setdefault(fact["name"], []).append(end(fact))
    return truth


def compiled(fact):
    source = (fact["path"], fact["source"])
    required = edges(source, fact["targets"])
    accepted = required | edges(source, fact["also"])
    spared = edges(source, fact["near"]) - accepted
    told = {key: fact[key] for key in ("name", "text", "plain", "stated")}
    return Site(source=source, required=required, accepted=accepted, spared=spared, why=fact.get("why"), **told)


# ── jedi and scip-python ────────────────────────────────────────────────────


def of_python(corpus, facts):
    """Two tools: what both find is required, what either finds is accepted."""
    truth = empty(corpus)
    jedi, scip = two_tools(truth, facts)
    both = {kind: all_edges(truth, jedi, kind) & all_edges(truth, scip, kind) for kind in ("call", "extends")}
    for at, fact in jedi.items():
        other = scip.get(at, {"targets": []})
        source = (fact["path"], fact["source"])
        found = within(truth, edges(source, fact["targets"] + other["targets"]))
        if fact["fact"] == "extends":
            truth.heritage.required |= {("extends", *edge) for edge in found & both["extends"]}
            truth.heritage.accepted |= {("extends", *edge) for edge in found}
        else:
            told = {key: fact[key] for key in ("name", "text", "plain", "stated")}
            truth.sites[at[1:]] = Site(source, required=found & both["call"], accepted=found, spared=set(), why=fact["why"], **told)
    define(corpus, truth)
    return truth


def two_tools(truth, facts):
    """The sites of each, by fact and place; imports go straight into the truth."""
    jedi, scip = {}, {}
    for fact in facts:
        if fact["fact"] == "import":
            add_import(truth, fact)
        elif fact["fact"] in ("call", "extends"):
            (jedi if "plain" in fact else scip)[(fact["fact"], *place(fact))] = fact
    return jedi, scip


def all_edges(truth, facts, kind):
    each = (edges((fact["path"], fact["source"]), fact["targets"]) for fact in facts.values() if fact["fact"] == kind)
    return within(truth, set().union(*each))


def within(truth, found):
    return {edge for edge in found if edge[2] in truth.files}


def define(corpus, truth):
    import python_sites

    for path in corpus.files():
        file = python_sites.read(corpus.tree, path)
        for (_, name), qualname in file.definitions.items() if file else ():
            truth.definitions.setdefault(name, []).append((path, python_sites.folded(qualname)))
