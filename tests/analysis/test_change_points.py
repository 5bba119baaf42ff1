"""Where a series changed its level, and how seldom one that did not is called changed."""

import numpy as np
import pytest
from scipy import stats

from harness.analysis.change_points import (
    FEWEST,
    MOST,
    chance,
    change_points,
    enough_nights,
    ranked,
    scan,
)
from harness.analysis.level_changes import PERHAPS_LEVEL, certain_level
from tests.simulated_nights import FIGURES, falsely_marked, falsely_marked_in_one_look

MINIMUM = 0.095


@pytest.mark.parametrize("seed", range(4))
def test_the_scan_takes_the_smallest_p_of_all_rank_tests(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0, 1, 20)
    tests = {
        cut: stats.mannwhitneyu(values[:cut], values[cut:], method="exact").pvalue
        for cut in range(FEWEST, 20 - FEWEST + 1)
    }
    smallest, at = scan(ranked(values[None, :]))
    assert smallest[0] == pytest.approx(min(tests.values()))
    assert tests[int(at[0])] == pytest.approx(smallest[0])


def test_values_that_are_alike_are_no_evidence() -> None:
    smallest, _ = scan(ranked(np.ones((1, 20))))
    assert smallest[0] == 1.0
    assert change_points(np.ones(40), 0.5, 0.0) == ()


def test_steps_up_and_down_are_found_where_they_are() -> None:
    noise = np.random.default_rng(1).normal(0, 0.03, 60)
    levels = np.repeat((1.0, 1.3, 1.1), 20)
    found = change_points(levels + noise, 0.001, MINIMUM)
    assert [one.at for one in found] == [20, 40]
    assert [round(one.shift, 1) for one in found] == [0.3, -0.2]


def test_a_step_below_the_minimum_is_none() -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, 60)
    levels = np.repeat((1.0, 1.05), 30)
    assert change_points(levels + noise, 0.001, MINIMUM) == ()
    assert len(change_points(levels + noise, 0.001, 0.04)) == 1


def test_a_few_nights_and_outliers_are_no_level() -> None:
    """Three slow nights, anywhere, and seven nights in all."""
    values = np.random.default_rng(1).normal(0, 0.02, 40)
    values[[12, 20, 37]] += 2
    assert change_points(values, 0.01, MINIMUM) == ()
    assert change_points(np.repeat((0.0, 1.0), (4, 3)), 1.0, MINIMUM) == ()


def test_only_the_last_values_are_searched() -> None:
    """What changed before them is history."""
    values = np.concatenate([np.zeros(50), np.ones(MOST)]) + np.linspace(0, 1e-9, 50 + MOST)
    assert change_points(values, 0.001, MINIMUM) == ()


def test_chance_is_as_rare_as_it_says() -> None:
    """Of unchanged series 5 % have a p of 5 % or less, however their values are spread."""
    series = np.random.default_rng(2).exponential(1, (2000, 30))
    smallest, _ = scan(ranked(series))
    below = np.mean([chance(float(one), 30) <= 0.05 for one in smallest])
    assert 0.035 <= below <= 0.06


def test_looking_every_week_for_four_months_marks_few_unchanged_scenarios() -> None:
    """At most one in twenty, with eighteen figures each."""
    assert falsely_marked(60, seed=3, every=7) <= 0.05


@pytest.mark.parametrize("nights", [17, 30])
@pytest.mark.parametrize("level", [certain_level(FIGURES), PERHAPS_LEVEL / FIGURES])
def test_a_look_at_unchanged_scenarios_marks_at_most_one_in_a_hundred(
    nights: int, level: float
) -> None:
    """Also with a change that is only perhaps one, and all eighteen figures together."""
    assert falsely_marked_in_one_look(nights, level, scenarios=4000, seed=4) <= 0.01


def test_chances_rarer_than_one_shuffle_are_summed_exactly() -> None:
    """Two levels of nine that never overlap: one of C(18, 9) orders each way, at one cut only."""
    clean = 2 / 48620
    assert chance(clean, 18, draws=100) == pytest.approx(clean)


@pytest.mark.parametrize("before", [None, 4, 9, 20])
@pytest.mark.parametrize("level", [1e-3, 1e-4])
def test_enough_nights_are_the_fewest_in_which_clean_levels_are_a_change(
    level: float, before: int | None
) -> None:
    """One night fewer is not enough for them, wherever they are cut."""
    length = enough_nights(level, before)
    assert length is not None
    for nights, found in ((length, True), (length - 1, False)):
        cut = nights // 2 if before is None else before
        values = np.repeat((0.0, 1.0), (cut, nights - cut))
        assert bool(change_points(values, level, MINIMUM)) is found


def test_no_number_of_nights_is_enough_for_a_level_of_zero() -> None:
    assert enough_nights(0.0) is None
