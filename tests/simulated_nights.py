"""Nights on which nothing happened, to ask how often a trend is marked all the same.

    uv run python -m tests.simulated_nights

prints the figures of docs/compare.md. A scenario has figures that differ in how much they vary from
night to night; the page is looked at after every night, and a false mark on any of them counts.
"""

import sys

import numpy as np
import numpy.typing as npt

from harness.analysis.change_points import FEWEST, chance, change_points, ranked, scan
from harness.analysis.quantiles import Floats
from harness.analysis.trend import LEVEL, LOOKS

NIGHTS, FIGURES = 120, 18
MINIMUM = float(np.log1p(0.1))


def ever_marked(series: Floats, level: float, every: int = 1) -> npt.NDArray[np.bool_]:
    """Which rows (nights in columns) are marked in any look, with one look every `every` nights."""
    marked = np.zeros(len(series), dtype=bool)
    for nights in range(2 * FEWEST, series.shape[1] + 1, every):
        smallest, _ = scan(ranked(series[:, :nights]))
        found = np.array([chance(float(one), nights) for one in smallest])
        marked |= found <= level
    return marked


def falsely_marked(scenarios: int, seed: int, every: int = 1) -> float:
    """The share of unchanged scenarios that four months of looks mark anywhere."""
    rng = np.random.default_rng(seed)
    series = rng.standard_t(4, (scenarios * FIGURES, NIGHTS))
    marked = ever_marked(series, LEVEL / (LOOKS * FIGURES), every)
    return float(marked.reshape(scenarios, FIGURES).any(axis=1).mean())


def nights_until_marked(
    noise: float, slow_down: float, before: int, trials: int, seed: int
) -> float:
    """After how many slow nights half of the series are marked; infinity: not within 30."""
    rng = np.random.default_rng(seed)
    series = rng.normal(0, noise, (trials, before + 30))
    series[:, before:] += np.log(slow_down)
    level = LEVEL / (LOOKS * FIGURES)
    for nights in range(before + FEWEST, before + 31):
        found = [bool(change_points(one[:nights], level, MINIMUM)) for one in series]
        if np.mean(found) >= 0.5:
            return float(nights - before)
    return float("inf")


if __name__ == "__main__":
    sys.stdout.write(f"unchanged, ever marked in {NIGHTS} nights: {falsely_marked(300, 1):.1%}\n")
    for noise in (0.04, 0.08):
        for slow_down in (1.1, 1.2, 1.3):
            nights = nights_until_marked(noise, slow_down, 30, 40, 2)
            what = f"noise {noise:.0%}, {slow_down - 1:.0%} slower after 30 nights"
            sys.stdout.write(f"{what}: half are marked within {nights:.0f} nights\n")
