"""What must be alike between two sides, and what is only told."""

from dataclasses import replace

from harness.analysis.comparability import differences
from tests.simulated_repeats import EMPTY


def test_a_side_that_is_mixed_itself_is_refused_too() -> None:
    """Runs of two seeds are no repeats."""
    found = differences([EMPTY, replace(EMPTY, seed=2)], [EMPTY])
    (refused,) = found.refused
    assert refused.startswith("seed differs: 1 and 2 in A, 1 in B; a different seed gives")


def test_what_nobody_recorded_is_told() -> None:
    """Runs of older versions have no hash of their scenario."""
    found = differences([replace(EMPTY, scenario_sha256="")], [EMPTY])
    assert found.refused == ()
    assert found.told == ("scenario content: not recorded in every run, so it may differ",)


def test_another_machine_and_a_package_that_is_gone_are_told() -> None:
    found = differences([EMPTY], [replace(EMPTY, machine="64 CPUs", versions={})])
    assert found.told == (
        "version of registry-harness differs: 0.1.0 in A, none in B",
        "machine differs: 2 CPUs in A, 64 CPUs in B",
    )
