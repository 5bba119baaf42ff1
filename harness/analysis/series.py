"""What the charts draw: small frames whose size does not grow with the number of samples."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from harness.analysis.delay import PARTS, waits_of
from harness.analysis.findings import FaultFinding
from harness.analysis.frames import records
from harness.analysis.pulls import due_of
from harness.analysis.quantiles import spread
from harness.analysis.windows import PHASES
from harness.recording.outcome import Outcome

MOST_POINTS: Final = 1500
MOST_STEPS: Final = 300
MOST_WATERFALLS: Final = 30
_PULL_PARTS: Final = ("resolve", "auth", "manifest", "download", "unpack")
_SHORTEST_S: Final = 1e-4


def fault_bands(faults: Sequence[FaultFinding], end_s: float) -> pd.DataFrame:
    """One row for every occurrence that was on: when, and what it bit."""
    rows = [
        {
            "fault": fault.fault,
            "word": fault.word,
            "occurrence": fault.occurrence,
            "start_s": fault.injected_s,
            "end_s": end_s if fault.healed_s is None else fault.healed_s,
            "bites": fault.bites,
        }
        for fault in faults
        if fault.injected_s is not None
    ]
    columns = ["fault", "word", "occurrence", "start_s", "end_s", "bites"]
    return pd.DataFrame(rows, columns=columns)


def delay_ecdf(pods: pd.DataFrame) -> pd.DataFrame:
    """Share of the pods of each phase that were ready within a delay; never-ready ones count.

    Columns phase, delay_s, share, pods.
    """
    frames = []
    for phase in PHASES:
        waits = waits_of(pods[pods["phase"].eq(phase)])
        if not len(waits):
            continue
        times = np.sort(waits.seen_s[waits.ended])
        shares = np.arange(1, len(times) + 1) / len(waits)
        kept = spread(len(times), MOST_STEPS)
        frame = pd.DataFrame({"delay_s": times[kept], "share": shares[kept]})
        start = pd.DataFrame({"delay_s": [0.0], "share": [0.0]})
        frames.append(pd.concat([start, frame]).assign(phase=phase, pods=len(waits)))
    if not frames:
        return pd.DataFrame(columns=["delay_s", "share", "phase", "pods"])
    steps = pd.concat(frames, ignore_index=True)
    # Each curve goes on to the right edge at the height it reached.
    last = steps.groupby("phase", sort=False).tail(1).assign(delay_s=steps["delay_s"].max())
    return pd.concat([steps, last], ignore_index=True)


def delay_points(pods: pd.DataFrame) -> pd.DataFrame:
    """Pods as points over their creation: all when few, else the slowest and an even choice.

    Columns pod, node, image, phase, outcome, created_s, wait_s (so far, when not ready).
    """
    points = pods[["pod", "node", "image", "phase", "outcome", "created_s"]].assign(
        wait_s=waits_of(pods).seen_s
    )
    return _chosen(points, "created_s", "wait_s")


def duration_points(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """Pulls or pushes as points over when they were due, chosen as pods are.

    Columns node, `of`, phase, outcome, cause, due_s, took_s (so far, when it did not end).
    """
    due_s = due_of(rows)
    points = rows[["node", of, "phase", "outcome", "cause"]].assign(
        due_s=due_s, took_s=(rows["ended_s"] - due_s).clip(lower=0)
    )
    return _chosen(points[points["took_s"].notna()], "due_s", "took_s")


def _chosen(points: pd.DataFrame, at: str, height: str) -> pd.DataFrame:
    points = points[points[at].notna()].sort_values(height, kind="stable")
    if len(points) > MOST_POINTS:
        half = MOST_POINTS // 2
        slowest, rest = points.iloc[-half:], points.iloc[:-half]
        points = pd.concat([rest.iloc[spread(len(rest), half)], slowest])
    return points.sort_values(at, kind="stable").reset_index(drop=True)


class _Segment(NamedTuple):
    part: str
    begin_s: float
    end_s: float
    attempt: int
    cause: str


def waterfall(pods: pd.DataFrame, pulls: pd.DataFrame) -> pd.DataFrame:
    """The slowest pods and what each did from creation to Ready, in its real order.

    Columns pod, node, place (1 is the slowest), wait_s, part, begin_s, end_s, attempt, cause.
    """
    timed = pods.assign(wait_s=waits_of(pods).seen_s)
    timed = timed[timed["created_s"].notna()]
    chosen = timed.nlargest(MOST_WATERFALLS, "wait_s", keep="first")
    theirs = pulls[pulls["pod"].isin(set(chosen["pod"]))].sort_values("started_s", kind="stable")
    attempts: dict[str, list[dict[str, Any]]] = {}
    for pull in records(theirs):
        attempts.setdefault(pull["pod"], []).append(pull)
    rows: list[dict[str, Any]] = []
    for place, pod in enumerate(records(chosen), start=1):
        mine = attempts.get(pod["pod"])
        about = {"pod": pod["pod"], "node": pod["node"], "place": place, "wait_s": pod["wait_s"]}
        rows.extend(
            about | segment._asdict()
            for segment in (_in_order(pod, mine) if mine else _stacked(pod))
            if segment.end_s - segment.begin_s > _SHORTEST_S
        )
    return pd.DataFrame(rows, columns=["pod", "node", "place", "wait_s", *_Segment._fields])


def _stacked(pod: Mapping[str, Any]) -> Iterator[_Segment]:
    """The parts one after the other, when nothing is known of its attempts; then the rest."""
    at_s = pod["created_s"]
    for part in PARTS:
        took = pod[f"{part}_s"]
        if took > 0:
            yield _Segment(part, at_s, at_s + took, 0, "")
            at_s += took
    yield _Segment("other", at_s, pod["ended_s"], 0, "")


def _in_order(pod: Mapping[str, Any], attempts: list[dict[str, Any]]) -> Iterator[_Segment]:
    """What lies before, in, between and after the attempts of a pod."""
    at_s = pod["created_s"]
    for number, pull in enumerate(attempts, start=1):
        begins_s = max(at_s, pull["started_s"])
        queued_s = begins_s - min(_in_queue_s(pull, begins_s), begins_s - at_s)
        before = "schedule" if number == 1 else "backoff"
        yield _Segment(before, at_s, queued_s, number - 1, "")
        yield _Segment("queue", queued_s, begins_s, number, "")
        at_s = pod["ended_s"] if math.isnan(pull["ended_s"]) else max(begins_s, pull["ended_s"])
        yield from _attempt(pull, begins_s, at_s, number)
    pulled = attempts[-1]["outcome"] == Outcome.OK
    yield from _after_the_last(pod, at_s, len(attempts), pulled=pulled)


def _in_queue_s(pull: Mapping[str, Any], begins_s: float) -> float:
    """How long a pull waited for its node: by its own account, or since it was due.

    The pull is due once its turn has come, so a node's serial queue is in `queue_s` only.
    """
    known = (float(pull["queue_s"]), begins_s - float(pull["due_s"]))
    return max((0.0, *(one for one in known if not math.isnan(one))))


def _after_the_last(
    pod: Mapping[str, Any], at_s: float, attempts: int, *, pulled: bool
) -> Iterator[_Segment]:
    """Start after a good pull; else back-off, until another pod's pull has brought the image."""
    if pod["outcome"] != Outcome.OK:
        yield _Segment("backoff", at_s, pod["ended_s"], attempts, "")
        return
    starts_s = at_s if pulled else max(at_s, pod["ready_s"] - max(0.0, pod["start_s"]))
    yield _Segment("backoff", at_s, starts_s, attempts, "")
    yield _Segment("start", starts_s, pod["ready_s"], attempts, "")


def _attempt(
    pull: Mapping[str, Any], begins_s: float, ends_s: float, number: int
) -> Iterator[_Segment]:
    """The parts of one attempt, in the order in which a pull passes through them."""
    took = {part: pull[f"{part}_s"] for part in _PULL_PARTS if pull[f"{part}_s"] > 0}
    whole = sum(took.values())
    scale = min(1.0, (ends_s - begins_s) / whole) if whole else 0.0
    at_s = begins_s
    for part, seconds in took.items():
        yield _Segment(part, at_s, at_s + seconds * scale, number, pull["cause"])
        at_s += seconds * scale
    yield _Segment("other", at_s, ends_s, number, pull["cause"])
