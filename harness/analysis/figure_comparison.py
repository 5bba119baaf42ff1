"""One figure on two sides: whether it changed, by how much, and how sure that is."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from harness.analysis.figures import KINDS, Figure, FigureName, kind_of, off_scale, scaled
from harness.analysis.permutation import (
    family_p,
    finest_p,
    labellings,
    rank_p,
    shift_interval,
)
from harness.analysis.quantiles import Floats
from harness.analysis.run_figures import RunFigures

LEVEL: Final = 0.01  # at most this share of comparisons of unchanged systems may be a false alarm
CONFIDENCE: Final = 0.95
MINIMUM_EFFECT: Final = 0.10
MINIMUM_POINTS: Final = 0.05
SHORTEST_CHANGE_S: Final = 0.05  # no deployment is the better for less

Change = Literal[
    "worse", "doubted", "maybe_worse", "better", "unchanged", "inconclusive", "too_few"
]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What matters: a relative change of times and throughput, a change of shares in points."""

    effect: float = MINIMUM_EFFECT
    points: float = MINIMUM_POINTS

    def shift(self, metric: str, typical: float | None = None) -> float:
        """The smallest shift that matters on the scale of `scaled`; of a short time a larger one.

        `typical`: a value that the figure usually has, which must not depend on which side it is
        of.
        """
        kind = kind_of(metric)
        assert kind is not None, metric
        least = math.log1p(self.effect) if kind.scale == "ratio" else self.points
        if kind.unit == "s" and typical:
            return max(least, math.log1p(SHORTEST_CHANGE_S / typical))
        return least


@dataclass(frozen=True, kw_only=True)
class FigureComparison:
    """One figure on both sides.

    `a`, `b`: medians over the repeats, in `unit`. `change`: from `a` to `b`, relative (0.22 is 22 %
    more) for "s" and "bytes/s", a difference for "share"; `low`, `high`: its 95 % interval.
    `rank_p`: the rank test of this figure alone. `family_p`: how often chance makes any figure of
    the comparison as clearly worse; at most `level` is a regression. `samples`: the fewest behind
    one repeat. `note`: why there is no number.
    """

    metric: str
    part: str
    quantile: str
    unit: str
    change_is: Change
    a: float | None = None
    b: float | None = None
    a_runs: int
    b_runs: int
    change: float | None = None
    low: float | None = None
    high: float | None = None
    rank_p: float | None = None
    family_p: float | None = None
    samples: int = 0
    at_least: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """One figure of every run on both sides, or a note that says why it cannot be judged."""

    name: FigureName
    a: tuple[Figure, ...]
    b: tuple[Figure, ...]
    note: str

    def medians(self) -> tuple[float | None, float | None]:
        return _median(self.a), _median(self.b)

    def scaled(self) -> Floats:
        """The runs of A and then of B as numbers of which larger is worse."""
        values = [scaled(self.name.metric, one.value) for one in (*self.a, *self.b)]
        return np.array(values)


def _median(found: Sequence[Figure]) -> float | None:
    return float(np.median([one.value for one in found])) if found else None


def figure_comparisons(
    a: Sequence[RunFigures], b: Sequence[RunFigures], limits: Limits
) -> Iterator[FigureComparison]:
    """Every figure of both sides; what cannot be judged comes first, with a note."""
    pairs = [_pair(name, a, b) for name in _names((*a, *b))]
    judged = [pair for pair in pairs if not pair.note]
    yield from (_unjudged(pair) for pair in pairs if pair.note)
    if not judged:
        return
    values = np.stack([pair.scaled() for pair in judged], axis=1)
    minimum = np.array(
        [limits.shift(pair.name.metric, _median((*pair.a, *pair.b))) for pair in judged]
    )
    chances = family_p(values, labellings(len(a), len(b)), minimum)
    for pair, chance, least in zip(judged, chances, minimum, strict=True):
        yield _judged(pair, float(chance), float(least))


def _names(runs: Sequence[RunFigures]) -> list[FigureName]:
    """Every figure that a run has; of the high quantiles only the highest that all carry."""
    known = dict.fromkeys(
        name for run in runs for name in sorted(run.figures) if name.metric in KINDS
    )
    carried = [
        name
        for name in known
        if all(name in run.figures and run.figures[name].enough for run in runs)
    ]
    highest = {(name.metric, name.part): name for name in carried}
    return [
        name
        for name in known
        if name.quantile in ("", "p50") or highest.get((name.metric, name.part)) == name
    ]


def _pair(name: FigureName, a: Sequence[RunFigures], b: Sequence[RunFigures]) -> _Pair:
    in_a = tuple(run.figures[name] for run in a if name in run.figures)
    in_b = tuple(run.figures[name] for run in b if name in run.figures)
    return _Pair(name=name, a=in_a, b=in_b, note=_note(in_a, in_b, len(a), len(b)))


def _note(a: tuple[Figure, ...], b: tuple[Figure, ...], a_runs: int, b_runs: int) -> str:
    """Why the figure cannot be judged, or ""."""
    few = [one.samples for one in (*a, *b) if not one.enough]
    if few:
        return f"too few samples: {min(few)} in a run are too few for this quantile"
    if len(a) < a_runs or len(b) < b_runs:
        return f"not every run has it: {len(a)} of {a_runs} in A, {len(b)} of {b_runs} in B"
    if finest_p(a_runs, b_runs) > LEVEL:
        return f"too few repeats ({a_runs} and {b_runs})"
    if any(one.at_least for one in a):
        return "in A it never ended, so there is no value to compare B with"
    return ""


def _unjudged(pair: _Pair) -> FigureComparison:
    a, b = pair.medians()
    return FigureComparison(
        metric=pair.name.metric,
        part=pair.name.part,
        quantile=pair.name.quantile,
        unit=KINDS[pair.name.metric].unit,
        change_is="too_few",
        a=a,
        b=b,
        a_runs=len(pair.a),
        b_runs=len(pair.b),
        samples=min((one.samples for one in (*pair.a, *pair.b)), default=0),
        note=pair.note,
    )


def _judged(pair: _Pair, chance: float, minimum: float) -> FigureComparison:
    metric = pair.name.metric
    a, b = pair.medians()
    values = pair.scaled()
    of_a, of_b = values[: len(pair.a)], values[len(pair.a) :]
    shift = shift_interval(of_a, of_b, CONFIDENCE)
    assert shift is not None, "finest_p of 1 % gives an interval of 95 %"
    assert a is not None, "a judged figure has values"
    assert b is not None, "a judged figure has values"
    middle = scaled(metric, b) - scaled(metric, a)  # of the medians: the numbers that are shown
    low, high = min(shift[1], middle), max(shift[2], middle)
    change = _change(low, middle, high, chance, minimum)
    ends = sorted((_readable(metric, low), _readable(metric, high)))
    return FigureComparison(
        metric=metric,
        part=pair.name.part,
        quantile=pair.name.quantile,
        unit=KINDS[metric].unit,
        change_is=change,
        a=a,
        b=b,
        a_runs=len(pair.a),
        b_runs=len(pair.b),
        change=_readable(metric, middle),
        low=ends[0],
        high=ends[1],
        rank_p=rank_p(of_a, of_b),
        family_p=chance,
        samples=min(one.samples for one in (*pair.a, *pair.b)),
        at_least=any(one.at_least for one in pair.b),
    )


def _change(low: float, middle: float, high: float, chance: float, minimum: float) -> Change:
    """On the scale where more is worse."""
    if middle >= minimum and low > 0:
        return "worse" if chance <= LEVEL else "maybe_worse"
    if middle <= -minimum and high < 0:
        return "better"
    if -minimum < low and high < minimum:
        return "unchanged"
    return "inconclusive"


def _readable(metric: str, shift: float) -> float:
    """A shift as people read it: relative, or a difference of shares; with its own sign."""
    kind = KINDS[metric]
    return off_scale(kind, shift if kind.more_is_worse else -shift)
