"""A Python environment with what others use to embed, pinned by version."""

import subprocess
import sys

import prepare
from failure import Failure

PACKAGES = """
torch==2.15.0
sentence-transformers==6.2.0
transformers==5.23.0
fastembed==0.9.1
onnxruntime==1.32.0
numpy==2.4.6
cocoindex==1.0.26
asyncpg==0.32.0
pgvector==0.5.1
psycopg==3.3.9
psycopg-binary==3.3.9
""".split()


def python():
    """Its interpreter; made where it is not there yet, below the cache folder."""
    folder = prepare.cache() / "bench-venv"
    record = folder / "packages.txt"
    wanted = "\n".join(PACKAGES)
    if not (record.exists() and record.read_text() == wanted):
        prepare.say(f"installing {', '.join(PACKAGES)} into {folder} (6 GB)")
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES]
        for words in ([sys.executable, "-m", "venv", folder], pip):
            if subprocess.run(words, check=False).returncode != 0:
                raise Failure(f"{words[2]} failed", "see what it said above")
        record.write_text(wanted)
    return folder / "bin" / "python"
