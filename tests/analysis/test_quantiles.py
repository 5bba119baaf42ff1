"""Quantiles by nearest rank, with what never ended as later than all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.quantiles import Waits, quantile_of, rank
from harness.recording.metrics import samples_needed


def waits(seen: list[float], *, ended: list[bool] | None = None) -> Waits:
    return Waits(
        seen_s=np.array(seen, dtype=float),
        ended=np.array([True] * len(seen) if ended is None else ended, dtype=bool),
    )


@pytest.mark.parametrize(
    ("quantile", "value"), [(0.5, 5), (0.9, 9), (0.95, 10), (0.99, 10), (1.0, 10), (0.05, 1)]
)
def test_a_quantile_is_a_value_that_was_measured(quantile: float, value: float) -> None:
    """Of the numbers 1 to 10, by nearest rank."""
    assert rank(np.arange(1.0, 11.0), quantile) == value


@pytest.mark.parametrize(
    ("quantile", "needed"), [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100), (0.999, 1000), (1.0, 1)]
)
def test_a_quantile_needs_samples_beyond_it(quantile: float, needed: int) -> None:
    """Fewer samples would make it merely the largest."""
    assert samples_needed(quantile) == needed


def test_what_never_ended_is_later_than_all() -> None:
    """Two of ten were given up after 3 s: p90 is unknown, but more than what is seen."""
    some = waits([1, 1, 1, 1, 1, 1, 1, 1, 3, 3], ended=[True] * 8 + [False] * 2)
    found = quantile_of(some, 0.9, seed=1)
    assert found.value_s == math.inf
    assert found.more_than_s == 3
    assert found.high_s == math.inf
    assert quantile_of(some, 0.8, seed=1).value_s == 1


def test_no_samples_have_no_quantile() -> None:
    """All its numbers are NaN."""
    found = quantile_of(waits([]), 0.95, seed=1)
    assert math.isnan(found.value_s)
    assert math.isnan(found.more_than_s)
    assert math.isnan(found.low_s)


def test_one_sample_is_its_own_interval() -> None:
    """There is nothing to resample."""
    found = quantile_of(waits([2.5]), 0.95, seed=1)
    assert (found.value_s, found.low_s, found.high_s) == (2.5, 2.5, 2.5)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.integers(0, 2**32))
def test_an_interval_holds_its_quantile_and_is_the_same_again(seen: list[float], seed: int) -> None:
    """For the median the estimate lies within; the same seed gives the same interval."""
    found = quantile_of(waits(seen), 0.5, seed)
    assert found.low_s <= found.value_s <= found.high_s
    assert found == quantile_of(waits(seen), 0.5, seed)


def test_the_interval_is_that_of_real_resampling() -> None:
    """The short cut by ranks agrees with resampling done in full."""
    generator = np.random.default_rng(3)
    sample = generator.exponential(10.0, 200)
    medians = [rank(np.sort(generator.choice(sample, len(sample))), 0.5) for _ in range(4000)]
    low, high = np.quantile(medians, [0.025, 0.975])
    found = quantile_of(waits(sample.tolist()), 0.5, seed=5)
    assert found.low_s == pytest.approx(low, rel=0.06)
    assert found.high_s == pytest.approx(high, rel=0.06)
