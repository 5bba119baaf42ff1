"""When the machine was the limit: busy for long, stolen from, slow disk, no memory left."""

from typing import Any

import pandas as pd
import pytest

from harness.analysis.machine_load import machine_finding
from harness.recording.events import MachineHealth

PODS = pd.DataFrame({"created_s": [0.0], "ended_s": [20.0]})
PULLS = pd.DataFrame({"due_s": [0.0], "started_s": [0.0], "ended_s": [20.0]})
IDLE = {"cpu_share": 0.2, "steal_share": 0.0, "iowait_share": 0.0, "memory_available_share": 0.5}


def healths(count: int = 10, first_s: float = 1.0, **changed: float) -> list[MachineHealth]:
    shares: dict[str, Any] = IDLE | changed
    return [MachineHealth(at_s=first_s + number, cpus=2, **shares) for number in range(count)]


@pytest.mark.parametrize(
    ("changed", "limit"),
    [
        ({"cpu_share": 0.99}, "busy"),
        ({"steal_share": 0.2}, "stolen"),
        ({"iowait_share": 0.4}, "waits_for_disk"),
        ({"memory_available_share": 0.01}, "short_of_memory"),
        ({}, ""),
    ],
)
def test_each_limit_is_told_apart(changed: dict[str, Any], limit: str) -> None:
    """One at a time; an idle machine has none."""
    found = machine_finding(healths(**changed), PODS, PULLS, ())
    assert found is not None
    names = ("busy", "stolen", "waits_for_disk", "short_of_memory")
    assert [name for name in names if getattr(found, name)] == ([limit] if limit else [])


def test_a_busy_moment_is_no_limit() -> None:
    """Two seconds of ten; a rollout keeps every machine busy for a moment."""
    seen = [*healths(2, cpu_share=1.0), *healths(8, first_s=3.0)]
    found = machine_finding(seen, PODS, PULLS, ())
    assert found is not None
    assert (found.busy, found.busy_share) == (False, 0.2)


def test_only_what_was_under_way_counts() -> None:
    """After the last pull the machine may be as busy as it likes."""
    assert machine_finding(healths(5, first_s=30.0, cpu_share=1.0), PODS, PULLS, ()) is None
