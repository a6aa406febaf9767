"""From what was measured to what 10⁵, 10⁶ and 10⁷ files cost, with every assumption named."""

import math

import markdown

FILES = (10**5, 10**6, 10**7)
CORES = 16  # of an indexing machine, and of a database server
NIGHT = 8  # hours in which all is to be done
ROLES = 2
GIB, TIB = 2**30, 2**40


def report(figures):
    model = Model(figures)
    parts = [measured(figures), fitted(model), costs(model), assumptions(model), machine(figures)]
    return "\n".join(parts)


class Model:
    """Costs of a chunk, a vector and a file, as straight lines and powers through what was measured."""

    def __init__(self, figures):
        steps = figures["steps"]
        last = steps[-1]
        chunks = [step["chunks"] for step in steps]
        self.chunks_a_file = last["chunks"] / last["files"]
        self.bytes_a_chunk = last["source"] / last["chunks"]
        self.client = slope(chunks, [step["core_s"] for step in steps])
        # With what the server does meanwhile for itself, which no line goes through.
        self.server = last["server_core_s"] / last["chunks"]
        self.finish = slope(chunks, [step["finish"]["core_s"] for step in steps])
        self.finish_server = last["finish"]["server_core_s"] / last["chunks"]
        self.finish_memory = slope(chunks, [step["finish"]["peak"] for step in steps])
        self.embed = {name: embed(run, self.client) for name, run in figures["embedding"].items()}
        self.table = last["chunk_table"] / last["chunks"]
        self.other_tables = last["other_tables"] / last["chunks"]
        self.other_indexes = last["other_indexes"] / last["chunks"]
        hnsw = figures["hnsw"]
        vectors = [build["vectors"] for build in hnsw]
        self.build = power(vectors, [build["core_s"] for build in hnsw])
        self.vector_index = slope(vectors, [build["bytes"] for build in hnsw])
        self.build_memory = slope(vectors, [build["peak"] for build in hnsw])
        self.largest_build = vectors[-1]

    def cost(self, files):
        chunks = files * self.chunks_a_file
        factor, exponent = self.build
        hours = {name: chunks * (self.client + ROLES * text) / 3600 for name, text in self.embed.items()}
        server = chunks * self.server / 3600
        vectors = ROLES * chunks * self.vector_index
        disk = chunks * (self.table + self.other_tables + self.other_indexes) + vectors
        return {
            "files": files, "chunks": chunks, "core_hours": hours, "server_core_hours": server,
            "machines": {name: math.ceil(spent / CORES / NIGHT) for name, spent in hours.items()},
            "servers": math.ceil(server / CORES / NIGHT), "disk": disk, "vectors": vectors,
            "build_core_hours": ROLES * factor * chunks**exponent / 3600,
            "build_memory": chunks * self.build_memory,
            "finish_hours": chunks * (self.finish + self.finish_server) / 3600,
            "finish_memory": chunks * self.finish_memory,
        }


def slope(xs, ys):
    """Of the straight line with the least squares: what is there from the start does not count."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((a - x) ** 2 for a in xs)
    return max(0.0, sum((a - x) * (b - y) for a, b in zip(xs, ys)) / spread) if spread else ys[0] / xs[0]


def power(xs, ys):
    """The factor and the exponent of y = factor · x ^ exponent."""
    logs = [math.log(x) for x in xs], [math.log(max(y, 0.01)) for y in ys]
    exponent = slope(*logs) if len(xs) > 1 else 1.0
    factor = math.exp(sum(logs[1]) / len(xs) - exponent * sum(logs[0]) / len(xs))
    return factor, exponent


def embed(run, client):
    texts = ROLES * run["chunks"] - run["reused"]
    return (run["core_s"] - client * run["chunks"]) / texts


# ── What is said of it ──────────────────────────────────────────────────────


def measured(figures):
    rows = [
        (
            f"{run['chunks']:,} chunks, {name}", f"{run['core_s']:.0f} core-seconds",
            f"{run['chunks'] / run['core_s']:.1f} chunks a core-second", markdown.megabytes(run["peak"]),
        )
        for name, run in figures["embedding"].items()
    ]
    for step in figures["steps"]:
        rows.append((
            f"{step['files']:,} files, {step['chunks']:,} chunks, embedded elsewhere",
            f"{step['core_s']:.1f} core-seconds, in the server {step['server_core_s']:.1f}",
            f"{step['files'] / step['wall_s']:.0f} files/s, {step['chunks'] / step['wall_s']:.0f} chunks/s",
            markdown.megabytes(step["peak"]),
        ))
        finish = step["finish"]
        rows.append((
            f"`finish` of these: {step['edges']:,} edges",
            f"{finish['core_s']:.1f} core-seconds, in the server {finish['server_core_s']:.1f}",
            f"{finish['wall_s']:.1f} s", markdown.megabytes(finish["peak"]),
        ))
    for build in figures["hnsw"]:
        rows.append((
            f"HNSW over {build['vectors']:,} vectors", f"{build['core_s']:.0f} core-seconds",
            f"{build['vectors'] / build['core_s']:.0f} vectors a core-second, {build['bytes'] / build['vectors']:.0f} bytes each",
            markdown.megabytes(build["peak"]),
        ))
    return markdown.table(["measured", "time", "pace", "peak memory"], rows)


def fitted(model):
    factor, exponent = model.build
    rows = [
        ("chunks of a file", f"{model.chunks_a_file:.1f}, of {model.bytes_a_chunk:.0f} characters"),
        ("walk, parse, send: of a chunk", f"{model.client * 1e3:.2f} core-ms"),
        *((f"embedding of a text, {name}", f"{cost * 1e3:.1f} core-ms") for name, cost in model.embed.items()),
        ("commit of a chunk in the server", f"{model.server * 1e3:.2f} core-ms"),
        ("a chunk in `code_chunks` / other tables / B-tree and GIN indexes",
         f"{model.table:.0f} / {model.other_tables:.0f} / {model.other_indexes:.0f} bytes"),
        ("a vector in its index", f"{model.vector_index:.0f} bytes; while it is built {model.build_memory:.0f}"),
        ("building over n vectors", f"{factor:.2e} · n^{exponent:.2f} core-seconds"),
        ("`finish`, of a chunk", f"{model.finish * 1e3:.2f} core-ms and {model.finish_server * 1e3:.2f} in the server; "
         f"{model.finish_memory:.0f} bytes of memory"),
    ]
    return markdown.table(["fitted", ""], rows)


def costs(model):
    columns = [model.cost(files) for files in FILES]
    line = lambda name, shown: (name, *(shown(column) for column in columns))
    rows = [line("chunks", lambda c: f"{c['chunks']:,.0f}")]
    for name in model.embed:
        rows.append(line(f"indexing, {name}: core-hours", lambda c: f"{c['core_hours'][name]:,.0f}"))
        rows.append(line(f"— machines of {CORES} cores for {NIGHT} h", lambda c: f"{c['machines'][name]:,}"))
    rows += [
        line("commits: core-hours in the database", lambda c: f"{c['server_core_hours']:,.1f}"),
        line(f"— servers of {CORES} cores for {NIGHT} h", lambda c: f"{c['servers']:,}"),
        line("both vector indexes: core-hours", lambda c: f"{c['build_core_hours']:,.0f}"),
        line("— memory to build one without spilling", lambda c: size(c["build_memory"])),
        line("disk, all of it", lambda c: size(c["disk"])),
        line("— of which vector indexes, also memory for fast search", lambda c: size(c["vectors"])),
        line("`finish`: core-hours", lambda c: f"{c['finish_hours']:,.2f}"),
        line("— its memory", lambda c: size(c["finish_memory"])),
    ]
    return markdown.table(["files", *(f"{column['files']:,}" for column in columns)], rows)


def size(number):
    return f"{number / TIB:.1f} TiB" if number >= TIB else f"{number / GIB:.1f} GiB"


def assumptions(model):
    lines = (
        f"Files are as those of the tree that was measured: {model.chunks_a_file:.1f} chunks each. Small files have "
        "fewer, and cost less of everything in proportion.",
        "Both roles are embedded by all-MiniLM-L6-v2, 384 wide; no text stands twice. A model of 768 dimensions "
        "doubles the vectors' bytes; the production pair takes many times the embedding.",
        "Costs of a chunk stay what they are: straight lines through the sizes that were measured; in the server, what the "
        "largest took of each. B-tree and GIN indexes grow a "
        "little deeper, which is not in them.",
        f"The vector index grows as fitted up to {model.largest_build:,} vectors, and fits into memory while it is "
        "built; spilling, it takes several times as long. One process builds it; more share the time.",
        "Vectors with jitter are as hard to index as real ones.",
        f"Cores are those of the machine below, all of them busy; a machine has {CORES}, and {NIGHT} hours.",
        "Commits wait for no disk, and none for another; the database has the disk for its write-ahead log besides.",
        "All files are one repository: many smaller ones need `finish` only for each, whose memory then is that of "
        "the largest.",
    )
    return "Assumed:\n\n" + "".join(f"* {line}\n" for line in lines)


def machine(figures):
    facts = ", ".join(f"{key}: {value}" for key, value in figures["machine"].items())
    return f"Measured on {facts}; HNSW with {figures['options']}, maintenance_work_mem {figures['build_memory']}, one process.\n"
