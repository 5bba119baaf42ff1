"""Which phase of a run something belongs to."""

import pytest

from harness.recording.phases import Phase, Window, phase_of

WINDOWS = (Window(start_s=10.0, end_s=20.0), Window(start_s=30.0, end_s=40.0))


@pytest.mark.parametrize(
    ("start_s", "end_s", "phase"),
    [
        (0.0, 5.0, Phase.BEFORE),
        (5.0, 10.0, Phase.BEFORE),
        (5.0, 10.1, Phase.DURING),
        (12.0, 13.0, Phase.DURING),
        (19.9, 25.0, Phase.DURING),
        (5.0, 50.0, Phase.DURING),
        (20.0, 25.0, Phase.AFTER),
        (20.0, 31.0, Phase.DURING),
        (45.0, 50.0, Phase.AFTER),
        (25.0, 25.0, Phase.AFTER),
    ],
)
def test_what_a_window_touches_is_during(start_s: float, end_s: float, phase: Phase) -> None:
    """Otherwise it is after once one has healed, and before until then."""
    assert phase_of(start_s, end_s, WINDOWS) is phase
    assert phase_of(start_s, end_s, reversed(WINDOWS)) is phase


def test_without_a_window_all_is_before() -> None:
    """Nothing went wrong yet."""
    assert phase_of(0.0, 1e6, ()) is Phase.BEFORE
