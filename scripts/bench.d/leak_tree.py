"""Thousands of real files in a shuffled order, so that their lengths are mixed as
in a large code base. Of every hundred one is a function that fills the window of
the model in each of its pieces, and every tenth fails: the server refuses its
rows, or, with the model of `small_encoder`, its vectors are no numbers.
"""

import random
from pathlib import Path

from failure import Failure
from small_encoder import POISON

COMMENTS = {".py": "#", ".ts": "//", ".tsx": "//", ".js": "//"}
LARGEST = 2 << 20  # what a run takes by default
QUICK_LARGEST = 8 << 10  # four files in five, a quarter of the bytes
# What a run takes to be written by a tool and leaves out, generously.
LONG_LINES, HEAD = 200, 12
# What the server is told, so that it refuses the chunks of some files.
REFUSE = (
    "ALTER TABLE code_chunks ADD CONSTRAINT refused CHECK (file_path NOT LIKE '%refused-%') NOT VALID"
)


def compose(trees, folder, count, quick):
    """Writes `count` files below `folder`; gives how many of them will fail."""
    largest = QUICK_LARGEST if quick else LARGEST
    found = (path for tree in trees for path in sorted(tree.rglob("*")))
    sources = [path for path in found if wanted(path, largest)]
    random.Random(4).shuffle(sources)
    if len(sources) < count:
        raise Failure(f"the trees have {len(sources)} files, not {count}", "ask for fewer --files")
    failing = 0
    for number, source in enumerate(sources[:count], 1):
        text, ending, mark = source.read_text(errors="replace"), source.suffix, "file"
        if number % 100 == 50:
            text, ending, mark = maximal(number), ".py", "maximal"
        elif number % 10 == 5:
            failing += 1
            poison = quick and number % 20 == 5
            mark = "poisoned" if poison else "refused"
            text += f"\n{COMMENTS[ending]} {POISON if poison else mark}\n"
        target = folder / f"{number // 100:02}" / f"{mark}-{number:05}{ending}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return failing


def wanted(path: Path, largest):
    if path.suffix not in COMMENTS or not 0 < path.stat().st_size <= largest or not path.is_file():
        return False
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    by_a_tool = any("generated" in line.lower() for line in lines[:HEAD])
    return lines and not by_a_tool and sum(map(len, lines)) / len(lines) < LONG_LINES


def maximal(number):
    """One function of 400 lines: cut, its pieces are as long as pieces get."""
    lines = (f"    total_{number} += weigh(item_{line}, {line * number % 997})" for line in range(400))
    return "\n".join([f"def sum_{number}(total_{number}):", *lines, f"    return total_{number}", ""])
