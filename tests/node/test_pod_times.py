"""The times between a pod's steps: in the measured ranges, on kubelet's ticks, kept by the seed."""

from statistics import median

import pytest

from harness.chance import Chance
from harness.node.pod_times import PodTimes


def times(seed: int = 1, *, tick_phase_s: float = 0.25) -> PodTimes:
    return PodTimes(node="node-1", chance=Chance(seed, "node"), tick_phase_s=tick_phase_s)


def test_times_are_spread_as_they_were_measured() -> None:
    """Least, median and most of many pods are those of the real node."""
    pods = [f"pod-{number}" for number in range(1000)]
    api_s = [times().api_delay_s(pod) for pod in pods]
    pleg_s = [times().pleg_sync_s(pod) for pod in pods]
    assert (min(api_s), median(api_s), max(api_s)) == pytest.approx((0.04, 0.53, 1.0), abs=0.1)
    assert (min(pleg_s), median(pleg_s), max(pleg_s)) == pytest.approx((0.0, 0.91, 1.0), abs=0.1)
    sandbox_s = [times().sandbox_s(pod) for pod in pods]
    assert (min(sandbox_s), median(sandbox_s), max(sandbox_s)) == pytest.approx(
        (0.39, 0.45, 0.51), abs=0.01
    )


@pytest.mark.parametrize("phase_s", [0.0, 0.25, 0.999])
def test_a_failed_sync_comes_again_on_a_tick(phase_s: float) -> None:
    """10 to 15 s later, moved up to the next tick, whose phase never changes."""
    for sync in range(50):
        due_s = times(tick_phase_s=phase_s).errored_sync_s("pod-1", sync, 100.4)
        assert 110.4 <= due_s < 116.4
        assert (due_s - phase_s) % 1 == pytest.approx(0, abs=1e-9)


def test_the_seed_decides() -> None:
    """The same seed draws the same times, another seed and another pod others."""
    assert times(1).sandbox_s("pod-1") == times(1).sandbox_s("pod-1")
    assert times(1).sandbox_s("pod-1") != times(2).sandbox_s("pod-1")
    assert times(1).api_delay_s("pod-1") != times(1).api_delay_s("pod-2")
