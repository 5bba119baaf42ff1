"""Where a series changed its level: a scan of rank tests, calibrated by permutation.

Every place to cut a series in two has an exact rank test (Wilcoxon's) of the values before against
those after. The smallest of these p is the statistic, and its own distribution when nothing changed
depends on nothing but the length of the series, because only ranks count. So it is drawn once, from
shuffled series, and what is called a change is as rare as it is said to be for whatever noise. A
series with a change is cut there, and both parts are searched again.

Shuffles cannot show what is rarer than one of them, so very small chances come from a sum that is
exact: what each cut's own test adds at most (Bonferroni). The same sum says how many nights a
series needs before even two levels that never overlap are too rare to be chance.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt

from harness.analysis.quantiles import Floats

FEWEST: Final = 4  # on either side: fewer would be an outlier, not a level
MOST: Final = 120  # of a series that is searched; older values are history
DRAWS: Final = 20_000
_FEW: Final = 100  # shuffles: their share is uncertain by more than a tenth
_SEED: Final = 20_240_102


@dataclass(frozen=True, kw_only=True)
class ChangePoint:
    """`at`: the index of the first value of the new level. `shift`: median after minus before."""

    at: int
    shift: float
    p: float


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What is called a change."""

    level: float
    minimum: float
    draws: int


def change_points(
    values: Floats, level: float, minimum: float, draws: int = DRAWS
) -> tuple[ChangePoint, ...]:
    """The changes in `values` that chance gives a series of this length at most at `level`.

    Shifts smaller than `minimum` are none. Only the last MOST values are searched.
    """
    rule = _Rule(level=level, minimum=minimum, draws=draws)
    cuts = _search(values, max(0, len(values) - MOST), len(values), rule)
    edges = [max(0, len(values) - MOST), *(at for at, _ in cuts), len(values)]
    levels = [float(np.median(values[start:end])) for start, end in pairwise(edges) if end > start]
    found = (
        ChangePoint(at=at, shift=after - before, p=p)
        for (at, p), (before, after) in zip(cuts, pairwise(levels), strict=True)
    )
    return tuple(one for one in found if abs(one.shift) >= minimum)


def first_cut(
    values: Floats, level: float, minimum: float, draws: int = DRAWS
) -> ChangePoint | None:
    """The clearest cut of `values` in two, if chance gives one at most at `level`."""
    if len(values) < 2 * FEWEST:
        return None
    smallest, places = scan(ranked(values)[None, :])
    p, at = chance(float(smallest[0]), len(values), draws), int(places[0])
    shift = float(np.median(values[at:]) - np.median(values[:at]))
    if p > level or abs(shift) < minimum:
        return None
    return ChangePoint(at=at, shift=shift, p=p)


def _search(values: Floats, start: int, end: int, rule: _Rule) -> list[tuple[int, float]]:
    """Where to cut values[start:end], and how rare each cut is."""
    cut = first_cut(values[start:end], rule.level, rule.minimum, rule.draws)
    if cut is None:
        return []
    at = start + cut.at
    return [*_search(values, start, at, rule), (at, cut.p), *_search(values, at, end, rule)]


def ranked(values: Floats) -> Floats:
    """Ranks from 1; values that are alike share the mean of theirs."""
    less = (values[..., None, :] < values[..., :, None]).sum(axis=-1)
    alike = (values[..., None, :] == values[..., :, None]).sum(axis=-1)
    ranks: Floats = less + (alike + 1) / 2
    return ranks


def scan(ranks: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """For each row of ranks: the smallest p over all cuts, and the index after the cut."""
    length = ranks.shape[-1]
    tails = _tails(length)
    sums = np.cumsum(ranks, axis=-1)
    cuts = np.arange(FEWEST, length - FEWEST + 1)
    p = np.empty((len(ranks), len(cuts)))
    for column, cut in enumerate(cuts):
        least = cut * (cut + 1) / 2
        most = least + cut * (length - cut)
        off = np.minimum(sums[:, cut - 1] - least, most - sums[:, cut - 1])
        # half a rank, where values are alike, is taken for the less extreme
        p[:, column] = np.minimum(1.0, 2 * tails[cut][np.ceil(off).astype(np.int64)])
    best = p.argmin(axis=1)
    return p[np.arange(len(p)), best], cuts[best]


@lru_cache(maxsize=MOST + 1)
def _tails(length: int) -> dict[int, Floats]:
    """For each cut k: P(U <= u) of the rank test of k values against the rest, by u.

    Counted exactly: how many choices of k ranks out of `length` have which sum.
    """
    largest = length // 2 * (length - length // 2)
    counts = np.zeros((length + 1, largest + 1))  # by k and u, the sum above its least
    counts[0, 0] = 1.0
    for rank in range(1, length + 1):
        for k in range(min(rank, length), 0, -1):
            step = rank - k  # what the new rank adds to u when it is the k-th chosen
            if step <= largest:
                counts[k, step:] += counts[k - 1, : largest + 1 - step]
    return {k: np.cumsum(counts[k]) / comb(length, k) for k in range(FEWEST, length - FEWEST + 1)}


@lru_cache(maxsize=MOST + 1)
def _smallest_by_chance(length: int, draws: int) -> Floats:
    """The smallest p of `draws` shuffled series, sorted."""
    rng = np.random.default_rng(_SEED + length)
    shuffled = rng.permuted(np.tile(np.arange(1.0, length + 1), (draws, 1)), axis=1)
    return np.sort(scan(shuffled)[0])


def chance(smallest: float, length: int, draws: int = DRAWS) -> float:
    """How often, at most, an unchanged series of this length has a smallest p at least as small.

    Two standard errors above what the shuffles say, or the exact sum where they say little.
    """
    drawn = _smallest_by_chance(length, draws)
    as_rare = int(np.searchsorted(drawn, smallest * (1 + 1e-9), side="right"))
    seen = (1 + as_rare + 2 * math.sqrt(as_rare)) / (1 + draws)
    return min(1.0, seen, _at_most(smallest, length) if as_rare < _FEW else 1.0)


def _at_most(smallest: float, length: int) -> float:
    """The sum over all cuts of how often each alone has a p of at most `smallest`."""
    tests = (np.minimum(1.0, 2 * tail) for tail in _tails(length).values())
    reached = (p[p <= smallest * (1 + 1e-9)] for p in tests)
    return min(1.0, float(sum(p[-1] for p in reached if len(p))))


def enough_nights(level: float, before: int | None = None) -> int | None:
    """The least length at which two levels that never overlap are a change at `level`.

    With the cut after `before` values; None: in the middle, where the test is at its strongest.
    None when MOST nights would not do.
    """
    first = 2 * FEWEST if before is None else before + FEWEST
    for length in range(first, MOST + 1):
        clean = 2 * float(_tails(length)[length // 2 if before is None else before][0])
        if clean <= level and chance(clean, length) <= level:
            return length
    return None
