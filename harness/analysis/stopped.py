"""How a run ended, and why one that did not finish judges nothing."""

from collections.abc import Sequence
from typing import Final

from harness.recording.events import Aborted, Event, LoadEnded, RunEnded

NOT_ENDED: Final = "not_ended"
_WORDS: Final = {
    "aborted": "the run was aborted",
    "interrupted": "the run was interrupted",
    "environment": "the environment failed",
    "error": "the run ended with an internal error",
    "died": "a part of the environment exited",
    NOT_ENDED: "the recording stops",
}


def how_it_ended(events: Sequence[Event]) -> tuple[str, str]:
    """The reason of the run's end and its error; `not_ended` when the recording just stops."""
    for event in reversed(events):
        if isinstance(event, RunEnded):
            return event.reason, event.error
    if any(isinstance(event, Aborted) for event in events):
        return "aborted", ""
    return NOT_ENDED, ""


def stopped_early(events: Sequence[Event]) -> str:
    """Why nothing can be judged: "the run was interrupted after 10.2 s"; "" when it finished.

    What pods and pulls had not done by then says nothing of the registry, nor does what they had:
    the rest of the run might have gone either way.
    """
    ended, _ = how_it_ended(events)
    if ended == "finished":
        return ""
    after_s = max((event.at_s for event in events), default=0.0)
    for event in events:
        if isinstance(event, Aborted | LoadEnded):  # all that follows is clearing up
            after_s = event.at_s
            break
    return f"{_WORDS.get(ended, f'the run ended early ({ended})')} after {after_s:.1f} s"
