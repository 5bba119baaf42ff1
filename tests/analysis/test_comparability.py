"""What must be alike between two sides, and what is only told."""

from dataclasses import replace

import pytest

from harness.analysis.comparability import differences
from tests.simulated_repeats import EMPTY


def test_a_side_that_is_mixed_itself_is_refused_too() -> None:
    """Runs of two seeds are no repeats."""
    found = differences([EMPTY, replace(EMPTY, seed=2)], [EMPTY])
    (refused,) = found.refused
    assert refused.startswith("seed differs: 1 and 2 in A, 1 in B; a different seed gives")


def test_what_nobody_recorded_is_reported() -> None:
    """Runs of older versions have no hash of their scenario."""
    found = differences([replace(EMPTY, scenario_sha256="")], [EMPTY])
    assert found.refused == ()
    assert found.noted == ("scenario content: not recorded in every run, so it may differ",)


def test_another_machine_and_a_package_that_is_gone_are_reported() -> None:
    found = differences([EMPTY], [replace(EMPTY, machine="64 CPUs", versions={})])
    assert found.noted == (
        "version of registry-harness differs: 0.1.0 in A, none in B",
        "machine differs: 2 CPUs in A, 64 CPUs in B",
    )


SIZES = {"images.app.size": "32MiB", "environment.cluster.nodes": "4"}


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        (SIZES, SIZES | {"images.app.size": "64MiB"}, "images.app.size: 32MiB → 64MiB"),
        (SIZES, SIZES | {"load.pulls[0].users": "8"}, "load.pulls[0].users: not set → 8"),
        (SIZES, {"environment.cluster.nodes": "4"}, "images.app.size: 32MiB → not set"),
        (SIZES, SIZES, "not in a key, so by the version that read it"),
        ({}, SIZES, "which keys was not recorded by the older version"),
        ({}, {f"k{n}": "x" * 99 for n in range(8)}, "which keys was not recorded"),
        ({"k": "1"}, {f"k{n}": "x" for n in range(8)}, "and 3 more keys"),
        ({"k": "x" * 99}, {"k": "y" * 99}, f"k: {'x' * 59}… → {'y' * 59}…"),
    ],
)
def test_the_keys_that_differ_are_shown_with_both_values(
    old: dict[str, str], new: dict[str, str], keys: str
) -> None:
    """And no hash, which tells nobody what to look at."""
    other = replace(EMPTY, scenario_sha256="1" * 64, content=new)
    (refused,) = differences([replace(EMPTY, content=old)], [other]).refused
    assert refused.startswith("scenario content differs: ")
    assert keys in refused
    assert "1111" not in refused


def test_what_limited_the_runs_is_reported() -> None:
    """With how many arrivals had no client; older runs do not know it."""
    limited = replace(EMPTY, limited_by="machine", pool_exhausted=1200)
    [told] = differences([replace(EMPTY, limited_by="nothing")], [limited, limited]).noted
    assert told.endswith(
        "nothing in A, 2,400 arrivals that found every client busy and machine in B"
    )
