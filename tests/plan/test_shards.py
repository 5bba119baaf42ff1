"""Scenarios dealt out to jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.shards import read_shard, shard


@given(st.lists(st.floats(1, 600), max_size=30), st.integers(1, 8))
def test_every_scenario_is_in_one_shard_and_none_has_much_more_to_do(
    durations: list[float], of: int
) -> None:
    """No shard ends later than one that could take over its last scenario."""
    parts = [shard(durations, number, of) for number in range(1, of + 1)]
    assert sorted(place for part in parts for place in part) == list(range(len(durations)))
    times = [sum(durations[place] + 10 for place in part) for part in parts]
    for part, took in zip(parts, times, strict=True):
        if part:
            assert took - min(durations[place] + 10 for place in part) <= min(times) + 1e-6


def test_they_are_dealt_by_planned_time_and_keep_their_order() -> None:
    """Not by number: one long scenario is as much as three short ones."""
    assert [shard([60, 10, 10, 10], number, 2) for number in (1, 2)] == [[0], [1, 2, 3]]
    assert shard([60], 2, 2) == []


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1", "1/0", "a/b", "1/2/3", "-1/2"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be K/N, as 2/3"):
        read_shard(text)


def test_a_shard_is_a_number_of_so_many() -> None:
    assert read_shard("2/3") == (2, 3)
