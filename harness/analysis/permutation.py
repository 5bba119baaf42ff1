"""Repeats of two sides, their labels exchanged in every way: what chance alone could have done.

A repeat is one independent observation. If nothing changed, every way to call some of the repeats
A and the others B is as likely as the one that happened, whatever their distribution is. That is
all these tests assume; pods inside a run share faults and retry ticks, and are never exchanged.
"""

from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt

from harness.analysis.quantiles import Floats

MOST_LABELLINGS: Final = 20_000
_SEED: Final = 20_240_101  # only when there are too many labellings to take them all

Labels = npt.NDArray[np.float64]


@lru_cache(maxsize=8)
def labellings(a_runs: int, b_runs: int) -> Labels:
    """Ways to name B among all runs: a row each, 1.0 where a run is B; the real one is first.

    All of them, or MOST_LABELLINGS drawn evenly when there are more.
    """
    runs = a_runs + b_runs
    if comb(runs, b_runs) <= MOST_LABELLINGS:
        chosen = list(combinations(range(runs - 1, -1, -1), b_runs))
        labels = np.zeros((len(chosen), runs))
        np.put_along_axis(labels, np.array(chosen), 1.0, axis=1)
        return _frozen(labels)
    drawn = np.random.default_rng(_SEED).random((MOST_LABELLINGS, runs)).argsort(axis=1)
    labels = (drawn < b_runs).astype(np.float64)
    labels[0] = np.arange(runs) >= a_runs
    return _frozen(labels)


def _frozen(labels: Labels) -> Labels:
    labels.flags.writeable = False  # it is shared
    return labels


def finest_p(a_runs: int, b_runs: int) -> float:
    """The smallest p that so many repeats can give."""
    return 1 / min(comb(a_runs + b_runs, b_runs), MOST_LABELLINGS)


def worsening(values: Floats, labels: Labels, minimum: Floats) -> Floats:
    """How clearly B is worse than A, for every labelling: the mean shift in standard errors.

    `values`: (..., runs, metrics), larger is worse; `minimum`: (metrics,) or the same with leading
    axes, the smallest shift that matters. A smaller shift counts as none. Returns
    (..., labellings, metrics). A tenth of the minimum is added to each standard error, so that
    repeats that happen to be all alike do not make a trifle infinitely sure.
    """
    runs = labels.shape[1]
    b_runs = labels[0].sum()
    a_runs = runs - b_runs
    centred = values - values.mean(axis=-2, keepdims=True)
    b_mean = labels @ centred / b_runs
    shift = b_mean * runs / a_runs  # the grand mean is 0, so A's is -b_mean * b / a
    squares = (centred**2).sum(axis=-2, keepdims=True)
    within = np.maximum(squares - shift**2 * a_runs * b_runs / runs, 0.0)
    freedom = max(runs - 2, 1)
    error = np.sqrt(within / freedom * (1 / a_runs + 1 / b_runs))
    clear: Floats = np.where(shift >= minimum, shift / (error + minimum / 10), 0.0)
    return clear


def family_p(values: Floats, labels: Labels, minimum: Floats) -> Floats:
    """For each metric: how often chance makes *any* metric as clearly worse as this one is.

    Westfall and Young's largest statistic: because the whole family of metrics is exchanged
    together, however they depend on each other, the chance that even one of them is called worse
    although nothing changed is at most the level requested. Shapes as in `worsening`; returns
    (..., metrics). A metric that is not worse by the minimum has p 1.
    """
    clear = worsening(values, labels, minimum)
    largest = clear.max(axis=-1)
    real = clear[..., 0, :]
    reached = largest[..., :, None] >= real[..., None, :] * (1 - 1e-9)
    p: Floats = np.where(real > 0, reached.mean(axis=-2), 1.0)
    return p


def rank_p(a: Floats, b: Floats) -> float:
    """Two-sided p of the Mann-Whitney rank test of two sets of repeats, exact also with ties."""
    pooled = np.concatenate([a, b])
    less = (pooled[None, :] < pooled[:, None]).sum(axis=1)
    alike = (pooled[None, :] == pooled[:, None]).sum(axis=1)
    ranks = less + (alike + 1) / 2
    sums = labellings(len(a), len(b)) @ ranks
    off = np.abs(sums - len(b) * ranks.mean())
    return float((off >= off[0] - 1e-9).mean())


def shift_interval(a: Floats, b: Floats, confidence: float) -> tuple[float, float, float] | None:
    """The shift from `a` to `b` with an interval: (middle, low, high).

    Hodges and Lehmann's: the median of all differences between a repeat of B and one of A, and
    those differences at which the rank test would no longer reject. None when so few repeats give
    no interval of that confidence.
    """
    differences = np.sort((b[:, None] - a[None, :]).ravel())
    ranks = np.arange(1.0, len(a) + len(b) + 1)
    u = labellings(len(a), len(b)) @ ranks - len(b) * (len(b) + 1) / 2
    cut = 0
    while (u <= cut).mean() <= (1 - confidence) / 2:
        cut += 1
    if not cut:
        return None
    middle = float(np.median(differences))
    return middle, float(differences[cut - 1]), float(differences[len(differences) - cut])
