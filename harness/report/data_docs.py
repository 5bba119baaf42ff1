"""docs/data.md: every table of samples and of findings, and every event, from the code itself."""

import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final

from harness.analysis.findings import ExpectationFinding, FaultFinding
from harness.analysis.health_findings import ProcessHealth
from harness.analysis.pod_findings import (
    BackoffFinding,
    BreakdownFinding,
    DelayFinding,
    PartsFinding,
    QuantileFinding,
    RecoveryBreakdown,
    RecoveryFinding,
    WrongImage,
)
from harness.analysis.transfer_findings import (
    ErrorGroup,
    FailingFinding,
    LatencyFinding,
    PullsFinding,
    PushesFinding,
    RequestsFinding,
)
from harness.recording.events import Event
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import TABLES
from harness.report.data_examples import EXAMPLES

FOUND: Final[Mapping[str, type]] = {
    "expectations": ExpectationFinding,
    "faults": FaultFinding,
    "delay": DelayFinding,
    "delay_parts": PartsFinding,
    "recovery": RecoveryFinding,
    "backoff": BackoffFinding,
    "breakdown": BreakdownFinding,
    "recovery_breakdown": RecoveryBreakdown,
    "wrong_images": WrongImage,
    "pulls_by_phase": PullsFinding,
    "pushes_by_phase": PushesFinding,
    "requests_by_cause": RequestsFinding,
    "latencies": LatencyFinding,
    "failing": FailingFinding,
    "failing_pushes": FailingFinding,
    "errors": ErrorGroup,
    "processes": ProcessHealth,
}

_SAMPLES: Final = {
    "pods": "One row a pod. Failed and unfinished pods are rows, too.",
    "pulls": "One row an attempt to pull, of pods and of background clients.",
    "requests": "One row a request or look-up, as the node that sent it saw it.",
    "pod_events": "What `kubectl describe pod` would show.",
    "pushes": "One row a push.",
}

# What analysis adds to the tables of samples.
_ADDED: Final[Mapping[str, Mapping[str, str]]] = {
    "pods": {"recorded": "bool", "right_image": "float"},
    "pulls": {"phase": "str"},
    "requests": {"begun_s": "float", "phase": "str"},
    "pushes": {"phase": "str"},
}

_COLUMNS: Final = {
    "at_s": "when",
    "attempt": "number of the attempt of its pod, from 1",
    "attempts": "attempts that were begun",
    "auth_s": "asking for a token",
    "backoff_s": "waiting for kubelet to try again",
    "begun_s": "`sent_s`, or `due_s` when it was never sent",
    "bitten_by": "id of the fault whose gateway rule changed the answer",
    "built_digest": "of the image that was built under this name; added by analysis, empty in "
    "`samples/`",
    "bytes": "bytes of bodies that came (pushes: that were sent)",
    "cached": "no byte was pulled for it",
    "cause": "why it failed (the last attempt of a pod that is not ready); empty when it did not",
    "created_s": "when the pod was created",
    "delay_s": "`ready_s` less `created_s`",
    "done_s": "when the last byte came, or the error",
    "download_s": "layers",
    "due_s": "when it should have begun: its schedule, or kubelet's decision",
    "ended_s": "when it ended; a pod: `ready_s`, or when the load stopped watching",
    "error_text": "as the node prints it",
    "first_byte_s": "when the answer began",
    "image": "reference as written in the pod",
    "image_digest": "of the image that the pod runs; empty when it is not known",
    "kind": "manifest, blob, token, upload and the like; `dns` is a look-up",
    "manifest_s": "manifest and configuration",
    "message": "the event's text",
    "method": "of HTTP",
    "node": "the node that pulled; `clients` are background clients; empty for requests of an "
    "existing cluster",
    "outcome": "what became of it",
    "phase": "before, during or after the faults; added by analysis, empty in `samples/`",
    "pod": "name; empty for background clients",
    "pull": "id, as in `requests`",
    "push": "id",
    "queue_s": "waiting in the node's queue of pulls",
    "range_from": "first byte of the Range request, if it resumed",
    "ready_s": "when the pod was Ready",
    "reason": "the event's reason",
    "recorded": "false: planned and due, but the load left no sample of it",
    "repository": "what was pushed to",
    "requests": "requests it took",
    "resolve_s": "looking the name up",
    "right_image": "1: it runs the image that was built, 0: another; NaN: not known",
    "rollout": "its name and number",
    "round": "which repeat of its rollout, from 1",
    "schedule_s": "from creation to a node's queue",
    "scheduled_s": "when the scheduler had chosen the node",
    "sent_s": "when it was sent",
    "start_s": "starting the container",
    "started_s": "when it began; NaN when no client was ever free for it",
    "status": "of HTTP; 0: no answer came",
    "type": "Normal or Warning; empty for a change of the waiting reason",
    "unpack_s": "unpacking",
    "waited_for_client_s": "how long, of the time since it was due, every client was busy",
}

_TOP: Final = """\
# Data

Made from the code by `make docs`. Each run keeps its samples as `samples/*.parquet`, its events as
`events.jsonl`, and the tables below as `tables/<name>.parquet` and `tables/<name>.csv` (the latter
for spreadsheets: long texts cut, formulas quoted).

```console
$ harness export RUN_DIR --to parquet        # or csv, ndjson: each row with scenario and run_id
$ harness export RUN_DIR --to openmetrics    # the findings, for Prometheus' collectors
```

Names are stable: columns and keys are added, never renamed or given another meaning. Units are in
the names: `_s` is seconds, `bytes` bytes, `_share` and `_rate` a share from 0 to 1. Moments are
seconds since the run began, on one monotonic clock; NaN (empty in CSV, null in NDJSON) where a
moment never came. `findings.json` has the same names as the tables of findings.
"""


def data_markdown() -> str:
    """The whole page."""
    lines = [_TOP, EXAMPLES, "## Samples\n"]
    for name, columns in TABLES.items():
        lines.append(f"### {name}\n\n{_SAMPLES[name]}\n")
        kinds = {**columns, **_ADDED.get(name, {})}
        rows = ((column, kind, _COLUMNS[column]) for column, kind in kinds.items())
        lines.append(_table(("Column", "Type", ""), rows))
    lines.append(
        f"`outcome` is one of {_words(Outcome)}. `cause` is one of {_words(Cause)}, or empty.\n"
    )
    lines.append("## Findings\n")
    for name, kind in FOUND.items():
        lines += [f"### {name}\n", *([f"{about}\n"] if (about := _about(kind)) else [])]
        lines.append(_table(("Column", "Type"), columns_of(kind)))
    lines += ["## Events\n", "Each line of `events.jsonl` has `event`, `at_s` and these.\n"]
    rows = ((name, _keys(kind), _about(kind)) for name, kind in sorted(Event.kinds.items()) if name)
    lines.append(_table(("event", "Keys", ""), rows))
    return "\n".join(lines).rstrip() + "\n"


def columns_of(kind: type, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Column and type of each field of a finding, nested ones as `outer_inner`."""
    hints = typing.get_type_hints(kind)
    for field in fields(kind):
        hint = hints[field.name]
        if hint is QuantileFinding:
            yield from columns_of(hint, f"{prefix}{field.name}_")
        elif typing.get_origin(hint) is Mapping or "Mapping" in str(hint):
            yield f"{prefix}{field.name}_…", "one column a key"
        else:
            yield prefix + field.name, _type(hint)


def _type(hint: Any) -> str:
    if isinstance(hint, type):
        return "text" if typing.get_origin(hint) is tuple else hint.__name__
    if "tuple" in str(hint):
        return "text"
    return str(hint).replace(" | None", ", or null")


def _keys(kind: type) -> str:
    assert is_dataclass(kind)
    return ", ".join(
        f"`{field.name}`" + ("" if field.default is MISSING else "?")
        for field in fields(kind)
        if field.name != "at_s"
    )


def _about(kind: type) -> str:
    """The docstring on one line; dataclasses without one have none to show."""
    text = inspect.cleandoc(kind.__doc__ or "")
    if text.startswith(f"{kind.__name__}("):
        return ""
    return re.sub(r"\s+", " ", text)


def _words(kind: Any) -> str:
    return ", ".join(f"`{one.value}`" for one in kind if one.value)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for first, *rest in rows:
        lines.append(
            f"| `{first}` | " + " | ".join(cell.replace("|", r"\|") for cell in rest) + " |"
        )
    return "\n".join(lines) + "\n"
