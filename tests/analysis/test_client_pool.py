"""Which arrivals waited for a client, also in recordings that do not tell."""

import math

import pandas as pd

from harness.analysis.client_pool import limited_streams, pool_exhausted, waited_for_client_s

ROWS = pd.DataFrame(
    {
        "pod": ["", "", "web-1", ""],
        "phase": ["during", "before", "during", "during"],
        "due_s": [1.0, 1.0, 1.0, 1.0],
        "started_s": [4.0, 4.0, 4.0, math.nan],
        "waited_for_client_s": [0.5, 0.005, 0.0, 2.0],
    }
)


def test_what_was_recorded_is_believed() -> None:
    """A wait of a few milliseconds is one turn of the scheduler, not an exhausted pool."""
    assert waited_for_client_s(ROWS).tolist() == [0.5, 0.005, 0.0, 2.0]
    assert pool_exhausted(ROWS).tolist() == [True, False, False, True]


def test_an_older_recording_blames_the_clients_from_the_first_fault_on() -> None:
    """Late clients before any fault, and pods, were the generator's own lateness."""
    older = ROWS.assign(waited_for_client_s=math.nan)
    assert waited_for_client_s(older).tolist() == [3.0, 0.0, 0.0, 0.0]


def test_streams_with_users_are_those_that_can_run_out() -> None:
    """Without `users` clients are made as needed."""
    plan = {"load": {"pulls": [{"name": "a", "users": 2}, {"name": "b", "users": None}]}}
    assert limited_streams(plan) == frozenset({"a"})
    assert limited_streams({}) == frozenset()
