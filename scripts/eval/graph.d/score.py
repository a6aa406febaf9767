"""Precision and recall of what the index holds against the truth."""

import collections
from dataclasses import dataclass

GUESSED_BY_TYPE = ("typed", "flow")


@dataclass
class Rates:
    """How many edges are asked for, found, and right."""

    required: int
    found: int
    hit: int  # of the required
    right: int  # of the found

    @property
    def precision(self):
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self):
        return self.hit / self.required if self.required else 1.0

    @property
    def f1(self):
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def rates(relation, found, only=None):
    """`only` narrows what is asked for; `found` is then already narrowed."""
    required = relation.required if only is None else relation.required & only
    found = found - relation.spared
    return Rates(len(required), len(found), len(required & found), len(found & relation.accepted))


class Ours:
    """The edges of the index between files that are compared."""

    def __init__(self, graph, truth):
        self.graph = graph
        inside = [edge for edge in graph.edges if edge.source[0] in truth.files and edge.target[0] in truth.files]
        calls = grouped(edge for edge in inside if edge.relation == "calls")
        self.calls = {key: edges for key, edges in calls.items() if truth.sees_all or seen(edges, truth)}
        self.beyond = len(calls) - len(self.calls)
        self.imports = {key for key in grouped(edge for edge in inside if of_files(edge)) if key[0] != key[2]}
        self.heritage = {(edge.relation, *key_of(edge)) for edge in inside if edge.relation in ("extends", "implements")}
        self.at = self.by_site()

    def by_site(self):
        """(path, line, column) -> edges of calls that it states."""
        at = collections.defaultdict(set)
        for key, edges in self.calls.items():
            for edge in edges:
                for line, column in edge.sites():
                    at[key[0], line, column].add(key)
        return at

    def resolutions(self, key):
        return {edge.resolution(at) for edge in self.calls[key] for at in range(max(1, len(edge.sites())))}

    def plain(self, truth):
        """Edges that a plain site states."""
        sites = (at for at, site in truth.sites.items() if site.plain)
        return {key for at in sites for key in self.at.get(at, ())}


def seen(edges, truth):
    """Whether the truth has one of the sites, right or not."""
    return any((edge.source[0], *site) in truth.sites for edge in edges for site in edge.sites())


def of_files(edge):
    return edge.relation in ("imports", "re_exports") and edge.target_type == "Module"


def key_of(edge):
    return (*edge.source, *edge.target)


def grouped(edges):
    groups = collections.defaultdict(list)
    for edge in edges:
        groups[key_of(edge)].append(edge)
    return groups


def per_resolution(truth, ours):
    """How each was resolved -> rates; an edge counts in each that its sites have."""
    groups = collections.defaultdict(set)
    for key in ours.calls:
        for resolution in ours.resolutions(key):
            groups[resolution].add(key)
    return {name: rates(truth.calls, found) for name, found in sorted(groups.items())}


def bare_names(truth):
    """The floor: a call is of the first definition that has its name, in the
    same file if there is one, else in the order of the paths."""
    found = set()
    for site in truth.sites.values():
        named = truth.definitions.get(site.name, [])
        here = [one for one in named if one[0] == site.source[0]]
        found |= {(*site.source, *one) for one in (here or sorted(named))[:1]}
    return found


def sites(truth, ours):
    """What became of each site that has a target, and of those without."""
    counts = collections.Counter()
    for at, site in truth.sites.items():
        counts[asked(site), became(at, site, ours)] += 1
    return counts


def asked(site):
    return "in the tree" if site.required or site.accepted else (site.why or "unknown")


def became(at, site, ours):
    edges = ours.at.get(at, set())
    if edges:
        return "right" if edges & site.accepted else "spared" if edges <= site.spared else "wrong"
    reference = ("calls", *at)
    if reference not in ours.graph.open:
        return "not seen"
    return "unresolved" if ours.graph.open[reference] is None else "external"
