"""The rows of the table `pulls` for the pulls of pods."""

from typing import Any

from harness.load.pull_parts import Carried
from harness.node.actions import PullThrottled, StartPull
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import PULL_PARTS

Row = tuple[Any, ...]


def pull_row(
    node: str, start: StartPull, carried: Carried, started_s: float, ended_s: float
) -> Row:
    """A pull that ended, well or not."""
    result = carried.result
    return (
        *_identity(node, start),
        started_s,
        ended_s,
        result.outcome.value,
        result.cause.value,
        result.error_text,
        result.blob_bytes,
        carried.requests,
        start.due_s,
        started_s - start.asked_s,
        *(carried.parts[name] for name in PULL_PARTS),
        0.0,
    )


def unfinished_row(
    node: str, start: StartPull, started_s: float, ended_s: float, requests: int
) -> Row:
    """A pull that the end of the load cut short: which of its parts it was in is not known."""
    return (
        *_identity(node, start),
        started_s,
        ended_s,
        Outcome.UNFINISHED.value,
        "",
        "",
        0,
        requests,
        start.due_s,
        started_s - start.asked_s,
        *(0.0 for _ in PULL_PARTS),
        0.0,
    )


def throttled_row(node: str, action: PullThrottled, cause: Cause) -> Row:
    """An attempt that kubelet's own limit refused, before any request."""
    return (
        f"{action.pod}-{action.attempt}-throttled",
        action.pod,
        node,
        action.image,
        action.attempt,
        action.due_s,
        action.due_s,
        Outcome.FAILED.value,
        cause.value,
        action.error_text,
        0,
        0,
        action.due_s,
        action.due_s - action.asked_s,
        *(0.0 for _ in PULL_PARTS),
        0.0,
    )


def _identity(node: str, start: StartPull) -> Row:
    return start.pull_id, start.pod, node, start.image, start.attempt
