"""The tables of docs/evaluation.md."""

import score
import verdicts

HEADER = "| what | asked for | found | precision | recall | F1 | precision, judged | recall, judged | F1, judged |"
RULE = "| --- " + "| ---: " * 8 + "|"


def cells(rates):
    """A dash where nothing was found, or asked for."""
    precision = f"{rates.precision:.3f}" if rates.found else "–"
    recall = f"{rates.recall:.3f}" if rates.required else "–"
    return f"{precision} | {recall} | {rates.f1:.3f}" if rates.required else f"{precision} | – | –"


def row(name, before, after):
    return f"| {name} | {before.required} | {before.found} | {cells(before)} | {cells(after)} |"


def rows(truth, ours):
    """Name -> rates, of everything that has both a precision and a recall."""
    calls = set(ours.calls)
    cruised = {"file imports, by dependency-cruiser": score.rates(truth.imports, truth.cruised)}
    return {
        "file imports": score.rates(truth.imports, ours.imports),
        **(cruised if truth.cruised else {}),
        "extends, implements": score.rates(truth.heritage, ours.heritage),
        "calls": score.rates(truth.calls, calls),
        "calls that the source states": stated(truth, ours),
        "calls by bare names": score.rates(truth.calls, score.bare_names(truth)),
    }


def stated(truth, ours):
    """Recall over edges stated by names alone; precision over those with such a site."""
    plain = ours.plain(truth)
    recall = score.rates(truth.calls, set(ours.calls), truth.stated)
    precision = score.rates(truth.calls, plain)
    return score.Rates(recall.required, precision.found, recall.hit, precision.right)


SUMMARY = "| corpus | file imports | bases | stated calls | calls | F1 | stated, judged | calls, judged | F1, judged | F1 of bare names |"
MEASURES = ("file imports", "extends, implements", "calls that the source states", "calls")


def summary(lines):
    """One row a corpus, precision / recall."""
    print(f"\n{SUMMARY}\n| --- {'| ---: ' * 9}|")
    print("\n".join(lines))


def summary_line(name, before, after):
    pair = lambda rates: f"{rates.precision:.3f} / {rates.recall:.3f}" if rates.required else "–"
    told = [pair(before[measure]) for measure in MEASURES] + [f"{before['calls'].f1:.3f}"]
    told += [pair(after[measure]) for measure in MEASURES[2:]] + [f"{after['calls'].f1:.3f}"]
    return f"| {name} | {' | '.join(told)} | {before['calls by bare names'].f1:.3f} |"


def table(corpus, truth, judged, ours):
    """Prints it all; gives the line of the summary."""
    known = verdicts.read(corpus.name)
    print(f"\n### {corpus.title}: {len(truth.files)} files, {len(truth.sites)} call sites\n")
    print(f"{HEADER}\n{RULE}")
    before, after = rows(truth, ours), rows(judged, ours)
    for name, rates in before.items():
        print(row(name, rates, after[name]))
    print_resolutions(truth, judged, ours)
    print_sites(judged, ours)
    left = verdicts.disagreements(truth, ours)
    beyond = f"; {ours.beyond} edges of calls without a name are beyond the truth" if ours.beyond else ""
    print(f"\n{len(left)} disagreements; {len(known)} edges judged by hand, {sum(known.values())} of them true{beyond}.")
    return summary_line(corpus.name, before, after)


def print_resolutions(truth, judged, ours):
    after = score.per_resolution(judged, ours)
    parts = [
        f"{name} {rates.found} ({rates.precision:.3f}, judged {after[name].precision:.3f})"
        for name, rates in score.per_resolution(truth, ours).items()
    ]
    print(f"\nEdges of calls and their precision, by how they were resolved: {'; '.join(parts) or 'none'}.")


BECAME = ("right", "spared", "wrong", "unresolved", "external", "not seen")


def print_sites(truth, ours):
    counts = score.sites(truth, ours)
    print(f"\n| call sites whose target is | {' | '.join(BECAME)} |\n| --- {'| ---: ' * len(BECAME)}|")
    for asked in sorted({key[0] for key in counts}):
        print(f"| {asked} | {' | '.join(str(counts[asked, became]) for became in BECAME)} |")
