"""How well a ranking puts what is right first."""

import random
from dataclasses import dataclass

DEPTH = 10
ROUNDS = 2000  # of the bootstrap
SEED = 7


@dataclass(frozen=True)
class Measure:
    value: float
    low: float  # 95 % interval
    high: float

    def __str__(self):
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def reciprocal(place):
    return 1 / place if place and place <= DEPTH else 0.0


def within(depth):
    return lambda place: float(bool(place) and place <= depth)


NAMES = {"MRR@10": reciprocal, "recall@1": within(1), "recall@5": within(5), "recall@10": within(DEPTH)}


def all_of(places):
    """Each measure over the places of the right answers, None where it is missing."""
    return {name: interval([of(place) for place in places], mean) for name, of in NAMES.items()}


def ratio(places, others):
    """How many times the MRR of the one is that of the other, over the same queries."""
    pairs = [(reciprocal(a), reciprocal(b)) for a, b in zip(places, others, strict=True)]
    return interval(pairs, lambda some: mean([a for a, _ in some]) / max(mean([b for _, b in some]), 1e-9))


def mean(values):
    return sum(values) / len(values)


def interval(values, of):
    """With the middle 95 % of what as many draws with replacement give."""
    draw = random.Random(SEED)
    drawn = sorted(of(draw.choices(values, k=len(values))) for _ in range(ROUNDS))
    return Measure(of(values), drawn[int(ROUNDS * 0.025)], drawn[int(ROUNDS * 0.975)])

