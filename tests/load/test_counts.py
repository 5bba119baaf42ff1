"""Counts go on, lateness is the worst since it was last told."""

from harness.load.counts import Counts
from harness.recording.events import LoadTally


def test_lateness_begins_anew_with_each_tally() -> None:
    counts = Counts(pulls_ok=3)
    counts.late(0.2)
    counts.late(0.05)
    assert counts.taken()["lateness_ms_max"] == 200
    assert counts.taken() == {**counts.taken(), "pulls_ok": 3, "lateness_ms_max": 0}


def test_a_tally_is_made_of_counts() -> None:
    """The words of the two are the same."""
    assert LoadTally(at_s=1.0, **Counts(pods_ready=2).taken()).pods_ready == 2  # type: ignore[arg-type]  # counts are whole
