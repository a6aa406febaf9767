"""Holds the files on disk against what a run said of each."""

import os
from collections import Counter
from pathlib import Path, PurePosixPath


def on_disk(tree):
    """Relative path of everything in a tree that is not a folder."""
    paths = set()
    for folder, folders, files in os.walk(tree):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        paths.update(Path(folder, name).relative_to(tree).as_posix() for name in files + links)
    return paths


def account(tree, events):
    """Files by outcome, and every way in which the two do not agree."""
    disk = on_disk(tree)
    said = {event["path"]: outcome(event) for event in events}
    expanded = {path: said.get(path) or inherited(path, said) for path in disk}
    times = Counter(event["path"] for event in events)
    problems = [f"{path}: said {n} times" for path, n in times.items() if n > 1]
    problems += [f"{path}: nothing said" for path, what in expanded.items() if what is None]
    problems += [
        f"{path}: not on disk" for path in said if not path.endswith("/") and path not in disk
    ]
    by_outcome = Counter(filter(None, expanded.values()))
    return {
        "on_disk": len(disk),
        "accounted": sum(by_outcome.values()),
        "by_outcome": dict(by_outcome.most_common()),
        "problems": sorted(problems),
    }


def outcome(event):
    reason = event.get("reason")
    return event["outcome"] + (f" {reason}" if reason else "")


def inherited(path, said):
    """What was said of the nearest folder that was left out whole."""
    folders = (f"{folder}/" for folder in PurePosixPath(path).parents)
    return next((said[folder] for folder in folders if folder in said), None)


def forced(tree, pattern, events):
    """Of the files that `--include` is to bring back: how many, and the outcome of each."""
    wanted = {path for path in on_disk(tree) if PurePosixPath(path).match(pattern)}
    outcomes = {event["path"]: outcome(event) for event in events}
    return len(wanted), dict(Counter(outcomes.get(path, "nothing said") for path in wanted))
