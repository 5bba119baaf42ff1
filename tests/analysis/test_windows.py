"""Phases from what really happened, not from the plan."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.windows import phases, windows
from harness.recording.events import FaultHealed, FaultInjected
from harness.recording.phases import Window, phase_of

NAN = float("nan")


def injected(at_s: float, fault: str = "latency-1", occurrence: int = 1) -> FaultInjected:
    return FaultInjected(
        at_s=at_s, fault=fault, word="latency", occurrence=occurrence, planned_s=at_s
    )


def healed(at_s: float, fault: str = "latency-1", occurrence: int = 1) -> FaultHealed:
    return FaultHealed(at_s=at_s, fault=fault, word="latency", occurrence=occurrence, bites=3)


@pytest.mark.parametrize(
    ("start_s", "end_s", "phase"),
    [
        (0, 9.9, "before"),
        (0, 10, "before"),  # over when the fault begins
        (0, 10.1, "during"),
        (12, 13, "during"),
        (5, 40, "during"),
        (20, 25, "after"),  # begun at the very heal
        (19.9, 25, "during"),
        (20.1, 29.9, "after"),
        (25, 35, "during"),  # after the first, but meets the second
        (45, 50, "after"),
        (0, NAN, "during"),  # has no end, so it meets everything
        (50, NAN, "after"),
    ],
)
def test_the_phase_of_an_interval(start_s: float, end_s: float, phase: str) -> None:
    """Two windows, 10 to 20 s and 30 to 40 s."""
    seen = windows(
        [injected(10), healed(20), injected(30, occurrence=2), healed(40, occurrence=2)], 60
    )
    assert phases(pd.Series([start_s]), pd.Series([end_s]), seen).tolist() == [phase]


def test_without_a_fault_everything_is_before() -> None:
    """A run without faults measures the steady state."""
    assert phases(pd.Series([1.0]), pd.Series([2.0]), ()).tolist() == ["before"]


def test_a_fault_that_was_never_healed_lasts_to_the_end() -> None:
    """A killed run has no heal in its recording."""
    (window,) = windows([injected(10)], 60)
    assert (window.start_s, window.end_s, window.healed, window.bites) == (10, 60, False, None)


def test_windows_come_by_their_start() -> None:
    """Two faults at once keep apart."""
    seen = windows([injected(20, "b-1"), injected(10, "a-1"), healed(25, "b-1")], 60)
    assert [(window.fault, window.healed) for window in seen] == [("a-1", False), ("b-1", True)]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=4),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_columns_have_the_phases_of_the_rule(
    spans: list[tuple[int, int]], start_s: int, took_s: int
) -> None:
    """The rule for one and the rule for many are one rule."""
    events = [
        event
        for number, (at_s, for_s) in enumerate(spans)
        for event in (injected(at_s, f"f-{number}"), healed(at_s + for_s, f"f-{number}"))
    ]
    ends_s = start_s + took_s
    found = phases(pd.Series([float(start_s)]), pd.Series([float(ends_s)]), windows(events, 200))
    rule = [Window(start_s=at_s, end_s=at_s + for_s) for at_s, for_s in spans]
    assert found.tolist() == [phase_of(start_s, ends_s, rule)]
