"""One row of the `requests` table for each request and each look-up."""

from dataclasses import dataclass
from typing import Any, Final

from harness.node.causes import cause_of_answer, cause_of_failing
from harness.node.commands import Ending, Reply, Request, TransportFailure
from harness.recording.outcome import Cause, Outcome

BITTEN_BY: Final = "harness-bitten-by"  # the gateway's own header
_ENDINGS: Final = {
    Ending.WHOLE: Cause.NONE,
    Ending.CUT: Cause.TCP,
    Ending.RESET: Cause.TCP,
    Ending.NO_ROOM: Cause.QUOTA,
    Ending.STALLED: Cause.TIMEOUT,
}
_UNAUTHORIZED: Final = 401
_NAN: Final = float("nan")


@dataclass(frozen=True, kw_only=True)
class Times:
    """In seconds since the run began. `sent_s`: when it was taken up, before any dialling."""

    due_s: float
    sent_s: float
    first_byte_s: float
    done_s: float

    def row(self) -> tuple[float, ...]:
        return self.due_s, self.sent_s, self.first_byte_s, self.done_s


def request_row(
    request: Request,
    outcome: Reply | TransportFailure | None,
    *,
    pull: str,
    node: str,
    times: Times,
    led_by: str = "",
) -> tuple[Any, ...]:
    """The row of a request; `outcome` None: it was ended before it had one.

    `led_by`: the fault that led it where it went. A 401 to a request without credentials is the
    challenge it hoped for, no failure.
    """
    status, received, bitten_by, cause = 0, 0, led_by, Cause.NONE
    if isinstance(outcome, TransportFailure):
        cause = cause_of_failing(outcome.failing)
    elif outcome is not None:
        status, received = outcome.status, outcome.body_bytes
        bitten_by = outcome.headers.get(BITTEN_BY, led_by)
        cause = cause_of_answer(status, outcome.body, request.kind) or _ENDINGS[outcome.ending]
        if status == _UNAUTHORIZED and "Authorization" not in request.headers:
            cause = Cause.NONE
    ended = Outcome.FAILED if cause else Outcome.OK
    return (
        pull,
        node,
        request.kind.value,
        request.method,
        status,
        *times.row(),
        received,
        request.range_from,
        (Outcome.UNFINISHED if outcome is None else ended).value,
        cause.value,
        bitten_by,
    )


def look_up_row(
    failure: TransportFailure | None, *, pull: str, node: str, sent_s: float, done_s: float
) -> tuple[Any, ...]:
    """The row of a look-up, its questions for A and AAAA together."""
    cause = cause_of_failing(failure.failing) if failure else Cause.NONE
    times = Times(
        due_s=sent_s, sent_s=sent_s, first_byte_s=_NAN if failure else done_s, done_s=done_s
    )
    ended = Outcome.FAILED if failure else Outcome.OK
    row = (pull, node, "dns", "QUERY", 0, *times.row(), 0, 0)
    return (*row, ended.value, cause.value, "")
