"""How a run ended, and the sentence of one that did not finish."""

from harness.analysis.stopped import how_it_ended, stopped_early
from harness.recording.events import Aborted, Event, LoadEnded, RunEnded, RunStarted

STARTED = RunStarted(at_s=0, run_id="abc", scenario="s", seed=1)


def test_a_run_that_finished_was_not_stopped() -> None:
    events: list[Event] = [STARTED, RunEnded(at_s=9, reason="finished")]
    assert how_it_ended(events) == ("finished", "")
    assert not stopped_early(events)


def test_the_time_of_clearing_up_does_not_count() -> None:
    """The limit was passed at 7 s; removing faults took until 9 s."""
    aborted = Aborted(at_s=7, metric="pull_error_rate", value=1.0, limit="100 %")
    events: list[Event] = [STARTED, aborted, RunEnded(at_s=9, reason="aborted")]
    assert stopped_early(events) == "the run was aborted after 7.0 s"
    ended = LoadEnded(at_s=8, complete=False)
    events = [STARTED, ended, RunEnded(at_s=9, reason="interrupted")]
    assert stopped_early(events) == "the run was interrupted after 8.0 s"


def test_a_recording_that_just_stops() -> None:
    """The last that was heard of it says when."""
    assert how_it_ended([STARTED]) == ("not_ended", "")
    assert stopped_early([STARTED]) == "the recording stops after 0.0 s"
