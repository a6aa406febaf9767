"""What mnemo-index makes of a tree: its nodes, edges and open references."""

import json
from contextlib import contextmanager
from dataclasses import dataclass

import corpora
import home
import small_model
from failure import Failure

LIMIT = 600  # seconds for a run

NODES = """SELECT json_build_array(node_id, node_type, file_path, coalesce(properties->>'qualname', ''))
FROM nodes WHERE repository = :'repository';"""
EDGES = """SELECT json_build_array(source_node_id, target_node_id, relation_type, properties)
FROM edges WHERE repository = :'repository' AND relation_type <> 'contains';"""
OPEN = """SELECT json_build_array(file_path, relation, name, line, col, package)
FROM open_references WHERE repository = :'repository';"""


@dataclass
class Edge:
    """An edge between two definitions, by (file, qualname)."""

    relation: str
    source: tuple
    target: tuple
    target_type: str
    properties: dict

    def sites(self):
        return [tuple(site) for site in self.properties.get("sites", [])]

    def resolution(self, site=0):
        each = self.properties.get("resolutions")
        return each[site] if each else self.properties.get("resolution", "?")


@dataclass
class Graph:
    nodes: dict  # id -> (type, file, qualname)
    edges: list
    open: dict  # (relation, file, line, column) -> package, or None if unresolved
    raw_calls: list  # (source node, target node), constructors by their own name


@contextmanager
def opened(binary):
    """A server of our own and the model, gone at the end."""
    folder = corpora.work("run")
    models = small_model.make(home.installed_home() / "models", folder / "models")
    with home.temporary(binary, folder, LIMIT) as place:
        yield Indexer(place, models)


class Indexer:
    def __init__(self, place, models):
        self.place = place
        self.models = models

    def graph(self, tree, repository):
        """Indexes a tree and reads its graph."""
        words = [self.place.binary, tree, "--repository", repository, "--models-dir", self.models]
        words += ["--roles", "code", "--code-model", small_model.NAME, *home.FOR_MACHINES]
        done = home.short([str(word) for word in words], self.place.environment)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().split("\n")[-1]
            raise Failure(f"indexing {tree} ended with {done.returncode}: {said}", "try it by hand")
        return self.read(repository)

    def rows(self, question, repository):
        return [json.loads(row[0]) for row in self.place.ask(question, repository)]

    def read(self, repository):
        nodes = {row[0]: tuple(row[1:]) for row in self.rows(NODES, repository)}
        rows = self.rows(EDGES, repository)
        edges = [edge for row in rows for edge in edges_of(row, nodes)]
        raw_calls = [(nodes[row[0]], nodes[row[1]]) for row in rows if row[2] == "calls"]
        rows = self.rows(OPEN, repository)
        still_open = {(relation, path, line, column): package for path, relation, _, line, column, package in rows}
        return Graph(nodes, edges, still_open, raw_calls)


def edges_of(row, nodes):
    """The edge, or one for each class that a called constructor constructs."""
    source, target, relation, properties = row
    for end in (properties.get("constructs") or [target]) if relation == "calls" else [target]:
        kind, path, qualname = nodes[end]
        # A constructor stands for its class.
        if relation == "calls" and kind == "Method":
            qualname = without_constructor(qualname)
        yield Edge(relation, nodes[source][1:], (path, qualname), kind, properties)


def without_constructor(qualname):
    for name in (".constructor", ".__init__", ".__new__"):
        qualname = qualname.removesuffix(name)
    return qualname
