"""Schedules are arithmetic: exact for a constant rate, seeded for independent arrivals."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chance import Chance
from harness.load.pace import constant_due, poisson_due


@pytest.mark.parametrize(
    ("rate_per_s", "start_s", "end_s", "due_s"),
    [
        (2.0, 1.0, 3.0, (1.0, 1.5, 2.0, 2.5)),
        (0.5, 0.0, 5.0, (0.0, 2.0, 4.0)),
        (3.0, 0.0, 1.0, (0.0, 0.333333, 0.666667)),
        (1.0, 0.0, 0.5, (0.0,)),
        (1.0, 5.0, 5.0, ()),
        (1.0, 5.0, 4.0, ()),
    ],
)
def test_a_constant_rate_is_even(
    rate_per_s: float, start_s: float, end_s: float, due_s: tuple[float, ...]
) -> None:
    """The first at the start, none at the end."""
    assert constant_due(rate_per_s, start_s, end_s) == due_s


@given(st.floats(0.01, 50), st.floats(0, 1000), st.floats(0, 60), st.integers(0, 5))
def test_every_schedule_is_ordered_and_within_its_bounds(
    rate_per_s: float, start_s: float, lasts_s: float, seed: int
) -> None:
    """Whatever the rate."""
    end_s = start_s + lasts_s
    constant = constant_due(rate_per_s, start_s, end_s)
    assert abs(len(constant) - lasts_s * rate_per_s) <= 1
    for due_s in (constant, poisson_due(rate_per_s, start_s, end_s, Chance(seed, "p"))):
        assert list(due_s) == sorted(due_s)
        assert all(start_s - 1e-6 <= at_s <= end_s + 1e-6 for at_s in due_s)


def test_independent_arrivals_have_the_rate_and_spread_of_a_poisson_process() -> None:
    """Gaps whose mean and deviation are both 1 / rate; the same for the same seed."""
    due_s = poisson_due(10.0, 0.0, 400.0, Chance(1, "p"))
    gaps = [b - a for a, b in itertools.pairwise(due_s)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.1, rel=0.05)
    assert deviation == pytest.approx(0.1, rel=0.05)
    assert due_s == poisson_due(10.0, 0.0, 400.0, Chance(1, "p"))
    assert due_s != poisson_due(10.0, 0.0, 400.0, Chance(2, "p"))
