"""Quantiles of waiting times, some of which were never seen to end."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES: Final = 2000
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Waiting times in seconds: `seen_s` is how long each was watched, `ended` whether it ended.

    One that did not end waited at least `seen_s`, and nobody knows how much longer.
    """

    seen_s: Floats
    ended: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.seen_s)

    @property
    def at_most_s(self) -> Floats:
        """The times with infinity for what never ended."""
        times: Floats = np.where(self.ended, self.seen_s, np.inf)
        return times


@dataclass(frozen=True, kw_only=True)
class Quantile:
    """A quantile in seconds with a 95 % bootstrap interval.

    `value_s` is infinite when so many never ended that the quantile lies among them; then all that
    is known is that it is more than `more_than_s` (which otherwise equals `value_s`).
    """

    value_s: float
    more_than_s: float
    low_s: float
    high_s: float


def rank(ordered: Floats, quantile: float) -> float:
    """The quantile by nearest rank: a time that was measured, never one in between."""
    if not len(ordered):
        return math.nan
    return float(ordered[place(quantile, len(ordered))])


def spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """Positions of at most `most` of `count` rows, evenly, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def quantile_of(waits: Waits, quantile: float, seed: int) -> Quantile:
    """The quantile of `waits`; NaN throughout when there are none."""
    ordered = np.sort(waits.at_most_s)
    low_s, high_s = _interval(ordered, quantile, seed)
    return Quantile(
        value_s=rank(ordered, quantile),
        more_than_s=rank(np.sort(waits.seen_s), quantile),
        low_s=low_s,
        high_s=high_s,
    )


def place(quantile: float, count: int) -> int:
    """The position of a quantile by nearest rank among `count` ordered samples, from 0."""
    return min(max(math.ceil(round(quantile * count, 9)) - 1, 0), count - 1)


def _interval(ordered: Floats, quantile: float, seed: int) -> tuple[float, float]:
    """The percentile bootstrap, seeded, so that a report that is rebuilt says the same.

    A resample draws n ranks evenly; its k-th smallest is floor(n * B) with B from
    Beta(k, n - k + 1), so the resamples themselves need not be made.
    """
    count = len(ordered)
    if not count:
        return math.nan, math.nan
    k = place(quantile, count) + 1
    drawn = np.random.default_rng(seed).beta(k, count - k + 1, RESAMPLES)
    estimates = np.sort(ordered[np.minimum((drawn * count).astype(np.int64), count - 1)])
    tail = (1 - CONFIDENCE) / 2
    return rank(estimates, tail), rank(estimates, 1 - tail)
