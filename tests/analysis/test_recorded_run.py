"""Run folders, whole and not."""

from pathlib import Path

import pytest

from harness.analysis import NoRecordingError, RecordedRun
from harness.recording.events import RunEnded
from tests.recordings import outage


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_a_recording_is_refused(tmp_path: Path, *, made: bool) -> None:
    """By name."""
    folder = tmp_path / "nothing"
    if made:
        folder.mkdir()
    with pytest.raises(NoRecordingError, match="nothing"):
        RecordedRun.load(folder)


def test_a_whole_recording_has_no_problems(tmp_path: Path) -> None:
    """Its end is the last that is known of."""
    recorded = RecordedRun.load(outage().write(tmp_path / "run"))
    assert recorded.problems == ()
    assert recorded.end_s == 120
    assert [event.reason for event in recorded.of(RunEnded)] == ["finished"]
    assert len(recorded.tables["pods"]) == 60


@pytest.mark.parametrize("text", ["", "[1]", '{"seed": ', "\x00"])
def test_a_plan_that_is_not_whole_is_reported_and_done_without(tmp_path: Path, text: str) -> None:
    """The samples still count."""
    folder = outage().write(tmp_path / "run")
    (folder / "plan.json").write_text(text, encoding="utf-8")
    (folder / "run.json").unlink()
    recorded = RecordedRun.load(folder)
    assert [problem.partition(":")[0] for problem in recorded.problems] == ["plan.json", "run.json"]
    assert recorded.plan == {}
    assert len(recorded.tables["pulls"]) == 91


def test_the_last_line_of_a_killed_run_is_left_out(tmp_path: Path) -> None:
    """Everything before it stays."""
    folder = outage().write(tmp_path / "run")
    whole = RecordedRun.load(folder).events
    path = folder / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    cut = RecordedRun.load(folder)
    assert cut.events == whole[:-1]
    assert len(cut.problems) == 1
