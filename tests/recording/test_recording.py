"""Facts are on disk as they happen, and come back whole."""

from pathlib import Path

import pytest

from harness.recording.events import Event, FaultHealed, LoadTally, RunStarted
from harness.recording.recording import EVENTS_FILE, Recording, RecordingError, read_events

FACTS: tuple[Event, ...] = (
    RunStarted(at_s=0.0, run_id="ab12", scenario="quick", seed=7),
    LoadTally(at_s=1.5, pulls_ok=3),
    FaultHealed(at_s=2.0, fault="latency-1", word="latency", occurrence=1, bites=None),
)


def test_what_is_recorded_comes_back_in_order_and_is_shown_to_watchers(tmp_path: Path) -> None:
    seen: list[Event] = []
    recording = Recording(tmp_path, (seen.append,))
    for fact in FACTS:
        recording(fact)
    assert read_events(tmp_path).events == FACTS  # before it is closed: each line is flushed
    recording.close()
    assert tuple(seen) == FACTS


def test_a_cut_line_is_reported_and_the_rest_is_kept(tmp_path: Path) -> None:
    """A killed run leaves half a line; the whole ones before it count."""
    text = "".join(fact.line() + "\n" for fact in FACTS)
    (tmp_path / EVENTS_FILE).write_text(text[:-20])
    read = read_events(tmp_path)
    assert read.events == FACTS[:2]
    assert len(read.problems) == 1
    assert "events.jsonl:3" in read.problems[0]


def test_no_recording_is_an_empty_one_that_says_so(tmp_path: Path) -> None:
    assert read_events(tmp_path).events == ()
    assert read_events(tmp_path).problems == ("events.jsonl: missing",)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / EVENTS_FILE).symlink_to("/dev/full")
    recording = Recording(tmp_path)
    with pytest.raises(RecordingError, match=r"events\.jsonl: cannot be written: No space left"):
        recording(FACTS[0])
    with pytest.raises(RecordingError):  # the line is still buffered, and still has no room
        recording.close()
