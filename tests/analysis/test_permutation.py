"""Labels exchanged in every way, against scipy's tests and by hand."""

import numpy as np
import pytest
from scipy import stats

from harness.analysis.permutation import (
    MOST_LABELLINGS,
    family_p,
    finest_p,
    labellings,
    rank_p,
    shift_interval,
)


def test_every_labelling_is_there_once_and_the_real_one_is_first() -> None:
    labels = labellings(3, 2)
    assert labels.shape == (10, 5)
    assert labels[0].tolist() == [0, 0, 0, 1, 1]
    assert len({tuple(row) for row in labels.tolist()}) == 10
    assert set(labels.sum(axis=1)) == {2}


def test_too_many_labellings_are_drawn() -> None:
    """Of 12 + 12 there are 2.7 million."""
    labels = labellings(12, 12)
    assert labels.shape == (MOST_LABELLINGS, 24)
    assert labels[0].tolist() == [0] * 12 + [1] * 12
    assert set(labels.sum(axis=1)) == {12}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("a_runs", "b_runs"), [(5, 5), (10, 3), (4, 6)])
def test_the_rank_test_is_that_of_scipy(seed: int, a_runs: int, b_runs: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0, 1, a_runs), rng.normal(0.8, 1, b_runs)
    expected = stats.mannwhitneyu(a, b, method="exact").pvalue
    assert rank_p(a, b) == pytest.approx(expected)


def test_repeats_that_are_all_alike_are_no_evidence() -> None:
    """Ties give no sign of a difference."""
    assert rank_p(np.ones(5), np.ones(5)) == 1.0


def test_the_interval_covers_as_often_as_it_says() -> None:
    """At least 95 % of intervals hold the true shift, whatever the distribution."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        found = shift_interval(rng.exponential(1, 5), rng.exponential(1, 5) + 0.3, 0.95)
        assert found is not None
        held += found[1] <= 0.3 <= found[2]
    assert 950 <= held < 1000


def test_the_middle_of_a_shift_is_the_median_difference() -> None:
    """A copy that is moved by 2 moved by 2."""
    a = np.array([1.0, 5.0, 2.0, 9.0, 4.0])
    found = shift_interval(a, a + 2, 0.95)
    assert found is not None
    assert found[0] == 2


def test_three_and_three_repeats_give_no_interval() -> None:
    assert shift_interval(np.arange(3.0), np.arange(3.0), 0.95) is None
    assert finest_p(3, 3) == 1 / 20


def test_one_figure_that_is_clearly_worse_has_the_finest_p_there_is() -> None:
    """Whatever noise its neighbours are."""
    rng = np.random.default_rng(2)
    values = rng.normal(0, 0.02, (10, 4))
    values[5:, 0] += 1
    p = family_p(values, labellings(5, 5), np.full(4, 0.1))
    assert p[0] == 1 / 252
    assert p[1:].min() > 0.1


def test_a_change_below_the_minimum_is_none_however_sure() -> None:
    """All of B are 5 % later than all of A, and 10 % is what matters."""
    values = np.array([[0.0]] * 5 + [[0.05]] * 5)
    assert family_p(values, labellings(5, 5), np.array([0.1])) == [1.0]


def test_the_whole_family_is_wrong_as_seldom_as_one_figure() -> None:
    """Twenty figures of pure noise, and still at most 1 % of families have one below 1 %."""
    rng = np.random.default_rng(3)
    values = rng.standard_t(3, (1000, 10, 20))
    p = family_p(values, labellings(5, 5), np.full(20, 0.1))
    assert (p.min(axis=1) <= 0.01).mean() <= 0.015
    assert (p.min(axis=1) <= 0.05).mean() >= 0.03
