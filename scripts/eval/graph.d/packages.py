"""The pinned packages that the evaluation reads or runs, in a cache of their own.

Archives are checked by SHA-256 and unpacked beside themselves; tools with
dependencies are installed by name and version into a folder of the cache.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from failure import Failure

# Registry, name, version, archive, SHA-256.
PINS = """
npm   typescript            5.9.2    typescript-5.9.2.tgz             67a3bc82e822b8f45f653a80fc3a9730d23214d36c83ba85dd7f5abebee82062
npm   rxjs                  7.8.2    rxjs-7.8.2.tgz                   2312f8ffd9726ffd7bd53ea12c5f13663d09a3dc3326f448c70b88f5ef6fac82
npm   react-native-paper    5.14.5   react-native-paper-5.14.5.tgz    188ba91fa48131fbd3d31c84db920e9828f33504eb8b31669c7c9f72c3d301fa
npm   react-native          0.76.5   react-native-0.76.5.tgz          be687f5995f60ed535b05784fec6356dd1bfc78e371402747c78072edf6ad41c
npm   @types/react          18.3.12  types-react-18.3.12.tgz          76e6197373bbd5d9c6e835b9050cced5847f1a875b38663278ea5625f89da2ae
npm   csstype               3.1.3    csstype-3.1.3.tgz                2f083f7cf2a398f05a624b4efa2b14496c45e77cd2b12a0647e2697567186777
npm   mobx                  6.13.7   mobx-6.13.7.tgz                  064d4b73517da929eb985ac320e150ec7302a74786f9092b4f2b2e7ac7844d9f
npm   immer                 10.1.3   immer-10.1.3.tgz                 e90f3e2b43d285138886fe2810b1ec1d6773a64a483c0397677d6f241aeccf18
npm   zod                   3.25.76  zod-3.25.76.tgz                  9e1f1a05f0dd0c1dab64ee91ceb9bf55cd44d35368c70edda80a2fdc70a88377
npm   @trpc/server          11.7.1   trpc-server-11.7.1.tgz           6508d60ff97d0cd21b53dcebfefdd5da7f0a116844793449438c52b3eefb1d21
npm   @trpc/client          11.7.1   trpc-client-11.7.1.tgz           14809bd0ffee5f8510812850506c4146d2d6ba46d7eaf29f2bbbec925b3eeaf2
npm   @tanstack/query-core  5.90.2   tanstack-query-core-5.90.2.tgz   e64f205c927de2e109b9bb3ec76834f5d3486f7c46d2e4d872ca3453ca80d454
npm   @tanstack/react-query 5.90.2   tanstack-react-query-5.90.2.tgz  42e4007ed40b365bd0c68b7dcea4b629806b62ebb0f77540158a81316f429fc5
npm   @reduxjs/toolkit      2.10.1   reduxjs-toolkit-2.10.1.tgz       e73fbcf9b0392e157175bff762f557f4968cbb3fda92133ce2ba1cdc3c11deaa
npm   react-redux           9.2.0    react-redux-9.2.0.tgz            a2bc8461d162ab9c6e2541cd0d5f23c972536dcf2cb873fefad7a1b6e021db64
npm   redux                 5.0.1    redux-5.0.1.tgz                  adacd4f8a377e638a3feb568e45e8b8ff22c926516941db25b1acfc34d94398b
npm   redux-thunk           3.1.0    redux-thunk-3.1.0.tgz            7224bef7482f67d35985ebd0bc3cacb72d34c6489cf166498da7208cb3f935e6
npm   reselect              5.1.1    reselect-5.1.1.tgz               4c290048eca74d445731822dca4024fb21e13418d394e99e76d2a6164b478062
npm   @tanstack/table-core  8.21.3   tanstack-table-core-8.21.3.tgz   1e5b2f4f04c8c31100ebd0b966fae5eadbb1d11bd45517edb9fc15fbd6a8f2a0
npm   eslint                9.36.0   eslint-9.36.0.tgz                7ebeade97e7015b3447cee3a18c3548f16034a406d152dc3bd1c71f49db8568f
sdist Jinja2                3.1.6    jinja2-3.1.6.tar.gz              0137fb05990d35f1275a587e9aee6d56da821fc83491a0fb838183be43f66d6d
sdist celery                5.5.3    celery-5.5.3.tar.gz              6c972ae7968c2b5281227f01c3a3f984037d21c5129d07bf3550cc2afc6b10a5
sdist click                 8.1.8    click-8.1.8.tar.gz               ed53c9d8990d83c2a27deae68e4ee337473f6330c040a31d4225c9574d16096a
sdist PyCG                  0.0.8    pycg-0.0.8.tar.gz                644b4df4346b393ca29450223da12598a6e6ad51fcfb1c218330b774f643a6c1
sdist werkzeug              3.1.3    werkzeug-3.1.3.tar.gz            60723ce945c19328679790e3282cc758aa4a6040e4bb330f53d30fa546d44746
"""

# Tools that bring their own dependencies.
NODE_TOOLS = ("dependency-cruiser@17.4.3", "@sourcegraph/scip-python@0.6.6", "typescript@5.9.2")
PYTHON_TOOLS = ("jedi==0.20.1", "grimp==3.19")


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("MNEMO_EVAL") or Path(base, "mnemo-index", "eval"))


def pins():
    return {fields[1]: fields for line in PINS.split("\n") if (fields := line.split())}


def package(name):
    """The folder with the contents of a pinned package."""
    kind, _, version, file, sha256 = pins()[name]
    archive = cache() / file
    folder = cache() / file.removesuffix(".tgz").removesuffix(".tar.gz")
    if folder.exists():
        return folder
    if not archive.exists():
        download(kind, name, version, archive)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256:
        raise Failure(f"{archive} has sha256 {found} instead of {sha256}", "remove it and run again")
    unpack(archive, folder)
    return folder


def download(kind, name, version, archive):
    print(f"fetching {archive.name}", file=sys.stderr)
    archive.parent.mkdir(parents=True, exist_ok=True)
    if kind == "npm":
        run("npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}", cwd=archive.parent)
    else:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"]
        run(*pip, "--dest", archive.parent, f"{name}=={version}")


def unpack(archive, folder):
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            inner = member.name.split("/", 1)[-1]
            if member.isfile() and ".." not in inner.split("/"):
                target = part / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(tar.extractfile(member).read())
    part.rename(folder)


def node_tool(name):
    folder = cache() / "node-tools"
    tool = folder / "node_modules" / ".bin" / name
    if not tool.exists():
        print(f"installing {' '.join(NODE_TOOLS)}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, *NODE_TOOLS)
    return tool


def python_tools():
    """A Python that can import the tools."""
    folder = cache() / "python-tools"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing {' '.join(PYTHON_TOOLS)}", file=sys.stderr)
        run(sys.executable, "-m", "venv", "--clear", folder)
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PYTHON_TOOLS)
        (folder / "complete").touch()
    return python


def run(*words, **options):
    """Runs a tool; gives what it prints."""
    words = [str(word) for word in words]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    except FileNotFoundError:
        raise Failure(f"{words[0]} is not on the PATH", "install it and run again") from None
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()][-3:]
        raise Failure(f"{Path(words[0]).name} {' '.join(words[1:3])} … failed: {' '.join(said)[:500]}", "try it by hand")
    return done.stdout
