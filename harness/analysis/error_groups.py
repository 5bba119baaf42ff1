"""Error texts that differ only in ports, digests and times, put together."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from harness.analysis.failed_repositories import commonest
from harness.analysis.frames import records
from harness.analysis.transfer_findings import ErrorGroup
from harness.recording.outcome import Cause, Outcome

MOST_GROUPS: Final = 50
_LONGEST_TEXT: Final = 400
_LONGEST_EXAMPLE: Final = 1000

# In this order: what is longer and surer first.
_MASKS: Final = (
    (re.compile(r"\b[a-z0-9]{3,10}:[0-9a-f]{32,}"), "<digest>"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{32,}\b"), "<hash>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):\d+(?=->)"), r"\1:<port>"),
    (re.compile(r"(?<=->)(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]):\d+"), r"\1:<port>"),
    (re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]|localhost):\d{2,5}\b"), r"\1:<port>"),
    (re.compile(r"(?<=[a-z]):\d{2,5}(?=/)"), ":<port>"),
    (re.compile(r"(?<=[:/])v\d+(?=[\"?\s])"), "v<n>"),  # the versions of a scenario's images
    (re.compile(r"\b(expected|but got|got|size|offset|range)(:? )\d+"), r"\1\2<n>"),
    (re.compile(r"\b\d+(?:\.\d+)?(?:ns|µs|us|ms|s|m|h)\b"), "<duration>"),
    (re.compile(r"\b\d{5,}\b"), "<n>"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


def normalised(text: str) -> str:
    """`text` with what differs from one error to the next of its kind replaced by its name."""
    text = _CONTROL.sub(" ", text[: 2 * _LONGEST_TEXT])
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return shortened(text.strip(), _LONGEST_TEXT)


def shortened(text: str, longest: int) -> str:
    """`text`, or its beginning and how much was left out."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"


def error_groups(pulls: pd.DataFrame, pushes: pd.DataFrame) -> tuple[ErrorGroup, ...]:
    """The commonest groups of failed pulls and pushes, most first."""
    bad = pd.concat(
        [
            _with_text(pulls).assign(of="pull"),
            _with_text(pushes).assign(of="push", pod="", image=""),
        ]
    )
    masks = {text: normalised(text) for text in bad["error_text"].unique()}
    bad = bad.assign(
        text=bad["error_text"].map(masks),
        known_pod=bad["pod"].where(bad["pod"].ne("")),
    )
    grouped = bad.groupby(["of", "cause", "text"], sort=True).agg(
        count=("outcome", "size"),
        pods=("known_pod", "nunique"),
        nodes=("node", "nunique"),
        first_s=("ended_s", "min"),
        last_s=("ended_s", "max"),
        example=("error_text", "first"),
        images=("image", commonest),
    )
    most = grouped.sort_values(["count", "first_s"], ascending=[False, True], kind="stable")
    return tuple(_group(row) for row in records(most.head(MOST_GROUPS).reset_index()))


def _with_text(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["outcome"].ne(Outcome.OK) & rows["error_text"].ne("")]


def _group(row: Mapping[str, Any]) -> ErrorGroup:
    example = _CONTROL.sub(" ", row["example"][: 2 * _LONGEST_EXAMPLE])
    known = {**row, "cause": row["cause"] or Cause.UNKNOWN.value}
    return ErrorGroup(**{**known, "example": shortened(example, _LONGEST_EXAMPLE)})
