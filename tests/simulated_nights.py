"""Nights on which nothing happened, to ask how often a trend is marked all the same.

    uv run python -m tests.simulated_nights

prints the figures of docs/compare.md. A scenario has figures that differ in how much they vary from
night to night; the page is looked at after every night, and a false mark on any of them counts.
"""

import sys

import numpy as np
import numpy.typing as npt

from harness.analysis.change_points import FEWEST, chance, first_cut, ranked, scan
from harness.analysis.level_changes import PERHAPS_LEVEL, certain_level
from harness.analysis.quantiles import Floats

NIGHTS, FIGURES = 120, 18
MINIMUM = float(np.log1p(0.1))


def ever_marked(series: Floats, level: float, every: int = 1) -> npt.NDArray[np.bool_]:
    """Which rows (nights in columns) are marked in any look, with one look every `every` nights."""
    marked = np.zeros(len(series), dtype=bool)
    for nights in range(2 * FEWEST, series.shape[1] + 1, every):
        marked |= in_one_look(series[:, :nights], level)
    return marked


def in_one_look(series: Floats, level: float) -> npt.NDArray[np.bool_]:
    """Which rows are marked when all their nights are there."""
    smallest, of_row = np.unique(scan(ranked(series))[0], return_inverse=True)
    found = np.array([chance(float(one), series.shape[1]) <= level for one in smallest])
    return found[of_row]


def falsely_marked(scenarios: int, seed: int, every: int = 1, level: float | None = None) -> float:
    """The share of unchanged scenarios that four months of looks mark anywhere.

    `level`: of a figure in a look; None is that of a certain change.
    """
    series = _unchanged(scenarios, NIGHTS, seed)
    marked = ever_marked(series, certain_level(FIGURES) if level is None else level, every)
    return float(marked.reshape(scenarios, FIGURES).any(axis=1).mean())


def falsely_marked_in_one_look(nights: int, level: float, scenarios: int, seed: int) -> float:
    """The share of unchanged scenarios with a mark at `level` after so many nights, in one look."""
    found = in_one_look(_unchanged(scenarios, nights, seed), level)
    return float(found.reshape(scenarios, FIGURES).any(axis=1).mean())


def _unchanged(scenarios: int, nights: int, seed: int) -> Floats:
    """Figures of scenarios on which nothing happened: heavy tails, as nights have outliers."""
    return np.random.default_rng(seed).standard_t(4, (scenarios * FIGURES, nights))


def nights_until_marked(
    noise: float, slow_down: float, level: float, *, before: int = 30, trials: int = 40
) -> float:
    """After how many slow nights half of the series are marked; infinity: not within 30."""
    rng = np.random.default_rng(2)
    series = rng.normal(0, noise, (trials, before + 30))
    series[:, before:] += np.log(slow_down)
    for nights in range(before + FEWEST, before + 31):
        found = [first_cut(one[:nights], level, MINIMUM) is not None for one in series]
        if np.mean(found) >= 0.5:
            return float(nights - before)
    return float("inf")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    levels = {"certain": certain_level(FIGURES), "perhaps": PERHAPS_LEVEL / FIGURES}
    for name, rare in levels.items():
        for length in (17, 30, 60, 120):
            share = falsely_marked_in_one_look(length, rare, 5000, 4)
            _say(f"unchanged, {name}, one look after {length} nights: {share:.2%}")
        ever = falsely_marked(300, 1, level=rare)
        _say(f"unchanged, {name}, ever in {NIGHTS} nights: {ever:.1%}")
        for spread in (0.04, 0.08):
            for slower in (1.1, 1.2, 1.3):
                waited = nights_until_marked(spread, slower, rare)
                what = f"noise {spread:.0%}, {slower - 1:.0%} slower after 30 nights"
                _say(f"{what}, {name}: half are marked within {waited:.0f} nights")
