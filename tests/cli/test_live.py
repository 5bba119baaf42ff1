"""The live view: what it says after which events."""

from harness.cli.live import LiveState
from harness.recording.events import (
    Event,
    FaultHealed,
    FaultInjected,
    LoadEnded,
    LoadStarted,
    LoadTally,
    RoomOpened,
    RunEnded,
)

ON = FaultInjected(at_s=20.0, fault="latency-1", word="latency", occurrence=1, planned_s=20)
OFF = FaultHealed(at_s=50.0, fault="latency-1", word="latency", occurrence=1, bites=12)


def after(*events: Event) -> list[str]:
    state = LiveState(title="quick", ends_s=100.0, heals_s={("latency-1", 1): 50.0})
    for event in events:
        state.feed(event)
    return state.lines()


def test_it_says_where_the_run_is() -> None:
    """From the first room to the end, never backwards in time."""
    room = RoomOpened(at_s=0, room="registry", took_s=1)
    assert after(room)[0].endswith("0 s of at most 100 s  starting, registry is ready")
    assert after(LoadStarted(at_s=1, workers=1))[0].endswith("before the faults")
    assert after(ON)[0].endswith("20 s of at most 100 s  during a fault")
    assert after(ON, OFF)[0].endswith("after a fault")
    assert after(ON, OFF, LoadEnded(at_s=60, complete=True))[0].endswith("load ended")
    assert after(RunEnded(at_s=70, reason="finished"))[0].endswith("shutting down")
    assert after(ON).pop(0).count("━") == 5  # a fifth of 24


def test_a_fault_tells_how_long_it_stays() -> None:
    """Each occurrence for itself; one without a plan only its name."""
    second = FaultInjected(at_s=30, fault="latency-1", word="latency", occurrence=2, planned_s=30)
    assert after(ON)[-1] == "active faults: latency-1 30 s left"
    assert after(ON, second)[-1] == "active faults: latency-1 20 s left, latency-1 #2"
    assert len(after(ON, OFF)) == 1


def test_rates_are_those_of_the_last_ten_seconds() -> None:
    """Errors before that are history."""
    tallies = [
        LoadTally(at_s=second, pulls_ok=10 * second, pulls_failed=50, blob_bytes=second << 20)
        for second in range(31)
    ]
    line = after(*tallies)[1]
    assert line == "pods 0/0 ready · last 10 s: 0% of pulls failed, 1.0 MiB/s"
    broken = LoadTally(at_s=31, pulls_ok=300, pulls_failed=140, blob_bytes=30 << 20)
    assert "50% of pulls failed" in after(*tallies, broken)[1]
    assert "no pulls" in after(LoadTally(at_s=1))[1]


def test_the_oldest_waiting_pod_has_waited_at_least_this_long() -> None:
    """Eight were there at 5 s, six are Ready now: one of the eight still waits."""
    tallies = (
        LoadTally(at_s=5, pods_created=8),
        LoadTally(at_s=10, pods_created=16, pods_ready=4),
        LoadTally(at_s=17, pods_created=16, pods_ready=6),
    )
    assert "pods 6/16 ready, oldest waits ≥ 12 s" in after(*tallies)[1]
    ready = LoadTally(at_s=18, pods_created=16, pods_ready=16)
    assert "waits" not in after(*tallies, ready)[1]
