"""Composes a workspace of real packages, wired as a repository would wire them.

Each package keeps its sources; what is written around them is the way they find
one another: npm workspaces with `exports` that name sources, tsconfig files
that extend one another, `references`, `paths` that differ from package to
package, and self-references. No node_modules is in the tree.
"""

import json
import shutil
from dataclasses import dataclass, field

import packages


@dataclass(frozen=True)
class Member:
    """One package of the workspace."""

    package: str
    folder: str
    exports: dict  # subpath -> source
    paths: dict = field(default_factory=dict)  # of its own tsconfig
    references: tuple = ()
    options: dict = field(default_factory=dict)


ADAPTERS = ("aws-lambda", "express", "fastify", "fetch", "next-app-dir", "next", "node-http", "standalone", "ws")
IN_FOLDERS = ("aws-lambda", "fastify", "fetch", "node-http")


def adapter(name):
    return f"./src/adapters/{name}/index.ts" if name in IN_FOLDERS else f"./src/adapters/{name}.ts"


MEMBERS = (
    Member("@tanstack/query-core", "packages/query-core", {".": "./src/index.ts"}),
    # Finds query-core through the workspace and its exports.
    Member("@tanstack/react-query", "packages/react-query", {".": "./src/index.ts"}, references=("query-core",)),
    # Names itself: `@trpc/server/http` is its own export.
    Member(
        "@trpc/server",
        "packages/trpc-server",
        {
            ".": "./src/index.ts",
            **{f"./{name}": f"./src/{name}.ts" for name in ("http", "rpc", "shared", "unstable-core-do-not-import")},
            "./observable": "./src/observable/index.ts",
            **{f"./adapters/{name}": adapter(name) for name in ADAPTERS},
        },
        # Not an export, but the package's own code names it.
        paths={"@trpc/server/vendor/*": ["./src/vendor/*"]},
    ),
    # Finds the server by paths of its own tsconfig, past the exports.
    Member(
        "@trpc/client",
        "packages/trpc-client",
        {".": "./src/index.ts", "./links/*": "./src/links/*.ts", "./unstable-internals": "./src/unstable-internals.ts"},
        paths={"@trpc/server": ["../trpc-server/src"], "@trpc/server/*": ["../trpc-server/src/*"]},
        references=("trpc-server",),
    ),
    # Its v4 writes `./x.js` and means x.ts.
    Member(
        "zod",
        "packages/zod",
        {
            ".": "./src/index.ts",
            "./v3": "./src/v3/index.ts",
            "./v4": "./src/v4/index.ts",
            "./v4-mini": "./src/v4-mini/index.ts",
            "./v4/mini": "./src/v4/mini/index.ts",
            "./v4/core": "./src/v4/core/index.ts",
            "./v4/locales": "./src/v4/locales/index.ts",
            "./v4/locales/*": "./src/v4/locales/*.ts",
        },
        options={"module": "nodenext", "moduleResolution": "nodenext"},
    ),
    Member("immer", "libraries/immer", {".": {"types": "./src/immer.ts", "default": "./src/immer.ts"}}),
    Member("redux", "libraries/redux", {".": "./src/index.ts"}),
    Member("redux-thunk", "libraries/redux-thunk", {".": "./src/index.ts"}, references=("../libraries/redux",)),
    Member("reselect", "libraries/reselect", {".": "./src/index.ts"}),
    Member(
        "react-redux",
        "libraries/react-redux",
        {".": {"react-server": "./src/index-rsc.ts", "default": "./src/index.ts"}},
        references=("../libraries/redux",),
    ),
    # `@internal/x` and its own name by paths; its libraries through the workspace.
    Member(
        "@reduxjs/toolkit",
        "packages/toolkit",
        {
            ".": "./src/index.ts",
            "./react": "./src/react/index.ts",
            "./query": "./src/query/index.ts",
            "./query/react": "./src/query/react/index.ts",
        },
        paths={
            "@internal/*": ["./src/*"],
            "@reduxjs/toolkit": ["./src/index.ts"],
            "@reduxjs/toolkit/react": ["./src/react/index.ts"],
            "@reduxjs/toolkit/query": ["./src/query/index.ts"],
            "@reduxjs/toolkit/query/react": ["./src/query/react/index.ts"],
        },
        references=("../libraries/redux", "../libraries/immer", "../libraries/reselect"),
    ),
)

BASE = {
    "strict": True,
    "target": "esnext",
    "module": "esnext",
    "moduleResolution": "bundler",
    "jsx": "react-jsx",
    "skipLibCheck": True,
    "composite": True,
    "outDir": "dist",
}


def compose(root):
    """Writes the tree, anew."""
    shutil.rmtree(root, ignore_errors=True)
    write(root / "package.json", {"name": "workspace", "private": True, "workspaces": ["packages/*", "libraries/*"]})
    # A comment and a trailing comma, as tsconfig files have them.
    (root / "tsconfig.base.json").write_text(f"// for all members\n{json.dumps({'compilerOptions': BASE}, indent=2)[:-2]},\n}}\n")
    write(root / "tsconfig.json", {"files": [], "references": [{"path": f"./{one.folder}"} for one in MEMBERS]})
    for member in MEMBERS:
        place(member, root / member.folder)
    return root


def place(member, folder):
    sources = packages.package(member.package)
    shutil.copytree(sources / "src", folder / "src")
    manifest = json.loads((sources / "package.json").read_text())
    kept = {key: manifest[key] for key in ("name", "version", "type", "dependencies") if key in manifest}
    write(folder / "package.json", {**kept, "exports": {"./package.json": "./package.json", **member.exports}})
    write(folder / "tsconfig.json", tsconfig(member))


def tsconfig(member):
    options = {"rootDir": "src", **member.options}
    if member.paths:
        options |= {"baseUrl": ".", "paths": member.paths}
    config = {"extends": "../../tsconfig.base.json", "compilerOptions": options, "include": ["src"]}
    if member.references:
        config["references"] = [{"path": f"../{one}"} for one in member.references]
    return config


def with_modules(root, copy):
    """The tree with the node_modules that `npm install` would link, for the compiler."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy)
    for member in MEMBERS:
        link(copy / "node_modules" / member.package, copy / member.folder)
    return copy


def link(name, target):
    name.parent.mkdir(parents=True, exist_ok=True)
    name.symlink_to(target.resolve())


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")
