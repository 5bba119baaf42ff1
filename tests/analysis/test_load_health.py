"""A generator that was too slow judges nothing."""

from collections.abc import Sequence

import pandas as pd
import pytest

from harness.analysis.health_findings import LoadHealth
from harness.analysis.load_health import LoadEvidence, load_health
from harness.recording.events import GeneratorHealth


def pulls(*late_s: float, pod: str = "app-1", phase: str = "during") -> pd.DataFrame:
    started = [1.0 + late for late in late_s]
    return pd.DataFrame(
        {
            "pull": [f"pulls-1-{number}" for number, _ in enumerate(late_s)],
            "due_s": 1.0,
            "started_s": started,
            "ended_s": started,
            "outcome": "ok",
            "pod": pod,
            "phase": phase,
            "waited_for_client_s": float("nan"),  # as in a recording from before it was recorded
        }
    )


def health_of(seen: pd.DataFrame, healths: Sequence[GeneratorHealth] = ()) -> LoadHealth:
    pushes = pulls().rename(columns={"pull": "push"}).drop(columns="pod")
    return load_health(LoadEvidence(pulls=seen, pushes=pushes, healths=healths))


def busy(process: str, *shares: float) -> list[GeneratorHealth]:
    return [
        GeneratorHealth(at_s=number, process=process, cpu_share=share, resident_bytes=number)
        for number, share in enumerate(shares)
    ]


@pytest.mark.parametrize(
    ("late_s", "saturated"),
    [
        ([0.001] * 100, False),
        ([0.001] * 99 + [1.5], False),  # one in a hundred
        ([0.001] * 98 + [1.5] * 2, False),  # a hiccup
        ([0.001] * 95 + [1.5] * 5, True),
        ([0.001] * 995 + [1.5] * 5, False),
        ([0.001] * 999 + [2.5], True),  # it stood still
        ([0.3] * 100, True),
        ([], False),
        ([float("nan")] * 3, False),
    ],
)
def test_lateness_by_its_99th_percentile(late_s: list[float], *, saturated: bool) -> None:
    """One late request of a hundred is no proof."""
    assert health_of(pulls(*late_s)).saturated is saturated


@pytest.mark.parametrize(
    ("healths", "saturated"),
    [
        (busy("load-1", *[0.99] * 10), True),
        (busy("load-1", *[0.99] * 2, *[0.3] * 8), True),  # a tenth of the time and more
        (busy("load-1", 0.99, *[0.3] * 9), False),
        (busy("load-1", 0.99, 0.99), False),  # too few to say
        (busy("registry", *[0.99] * 10), False),  # is measured, and makes no load
    ],
)
def test_cpu_of_the_processes_that_make_load(
    healths: list[GeneratorHealth], *, saturated: bool
) -> None:
    """A burst of hashing is no saturation; a tenth of the run is."""
    health = health_of(pulls(0.001), healths)
    assert health.saturated is saturated
    assert health.processes[0].resident_bytes_max == len(healths) - 1


@pytest.mark.parametrize(("phase", "saturated"), [("before", True), ("during", False)])
def test_clients_that_wait_for_a_broken_registry_are_not_the_generator(
    phase: str, *, saturated: bool
) -> None:
    """Before the first fault there is no such excuse."""
    late = pulls(*[9.0] * 10, pod="", phase=phase)
    assert health_of(late).saturated is saturated
