"""How long the registry took to answer: time to first byte and duration of requests.

From the raw samples, by partition: a recording of ten million requests is never sorted by value.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.analysis.quantiles import Floats, place
from harness.analysis.transfer_findings import LatencyFinding
from harness.analysis.windows import PHASES
from harness.recording.outcome import Outcome

LOOK_UP: Final = "dns"
CHARTED_KINDS: Final = (LOOK_UP, "token", "manifest", "blob", "upload", "other")
_CLASSES: Final = ("no answer", "1xx", "2xx", "3xx", "4xx", "5xx", "resolved", "not resolved")
_RESOLVED, _NOT_RESOLVED = _CLASSES.index("resolved"), _CLASSES.index("not resolved")
_SUCCEEDED: Final = tuple(map(_CLASSES.index, ("2xx", "3xx", "resolved")))
_DIGITS: Final = 6  # of a second
_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}

Codes = npt.NDArray[np.integer[Any]]
Latencies = npt.NDArray[np.float32]  # to a microsecond in a quarter of a minute: half the memory


class _Groups(NamedTuple):
    """Rows by group: those of group `n` are `order[edges[n] : edges[n + 1]]`."""

    order: Codes
    edges: Codes

    @classmethod
    def of(cls, codes: Codes, count: int) -> "_Groups":
        small = codes.astype(np.min_scalar_type(count))  # of 16 bits numpy sorts by radix
        edges = np.concatenate([[0], np.bincount(small, minlength=count).cumsum()])
        return cls(np.argsort(small, kind="stable"), edges)

    def rows(self, first: int, last: int | None = None) -> Codes:
        """The rows of group `first`, or of all from it to `last`."""
        return self.order[self.edges[first] : self.edges[(first if last is None else last) + 1]]


def latency_findings(requests: pd.DataFrame) -> tuple[LatencyFinding, ...]:
    """Every kind of request and class of status that there is: the whole run, then each phase."""
    kinds = requests["kind"].cat.categories
    first_byte, duration = _latencies(requests)
    codes = requests["kind"].cat.codes.to_numpy().astype(np.int64) * len(_CLASSES)
    codes = (codes + _classes(requests)) * len(PHASES) + _phases(requests)
    groups = _Groups.of(codes, len(kinds) * len(_CLASSES) * len(PHASES))
    found = []
    for number, (kind, name) in enumerate((kind, name) for kind in kinds for name in _CLASSES):
        first = number * len(PHASES)
        whole = groups.rows(first, first + len(PHASES) - 1)
        parts = {"": whole} | {
            phase: groups.rows(first + place) for place, phase in enumerate(PHASES)
        }
        found += [
            LatencyFinding(
                phase=phase,
                kind=str(kind),
                status_class=name,
                requests=len(rows),
                **_named("first_byte", first_byte[rows]),
                **_named("duration", duration[rows]),
            )
            for phase, rows in parts.items()
            if len(rows)
        ]
    return tuple(found)


def latency_over_time(requests: pd.DataFrame, edges: Floats) -> pd.DataFrame:
    """Of requests that succeeded, by kind and the bin in which they were sent; None in an empty.

    Columns at_s, kind, requests, and p50 and p95 of both: first_byte_p50_s, duration_p95_s.
    """
    first_byte, duration = _latencies(requests)
    known = np.array([CHARTED_KINDS.index(_charted(it)) for it in requests["kind"].cat.categories])
    bins = np.clip(np.digitize(requests["sent_s"].to_numpy(), edges) - 1, 0, len(edges) - 2)
    count = len(CHARTED_KINDS) * (len(edges) - 1)
    codes = known[requests["kind"].cat.codes] * (len(edges) - 1) + bins if len(known) else bins
    codes[~np.isin(_classes(requests), _SUCCEEDED)] = count  # the last group, which nobody reads
    groups = _Groups.of(codes, count + 1)
    rows = [
        {"at_s": at_s, "kind": kind, **_in_bin(groups.rows(number), first_byte, duration)}
        for number, (kind, at_s) in enumerate((it, at) for it in CHARTED_KINDS for at in edges[:-1])
    ]
    frame = pd.DataFrame(rows)
    return frame[frame.groupby("kind")["requests"].transform("sum").gt(0)].reset_index(drop=True)


def _in_bin(rows: Codes, first_byte: Latencies, duration: Latencies) -> dict[str, float | None]:
    found: dict[str, float | None] = {"requests": len(rows)}
    for name, values in (("first_byte", first_byte), ("duration", duration)):
        told = _named(name, values[rows])
        found |= {key: told[key] for key in (f"{name}_p50_s", f"{name}_p95_s")}
    return found


def _charted(kind: str) -> str:
    return kind if kind in CHARTED_KINDS else "other"


def _latencies(requests: pd.DataFrame) -> tuple[Latencies, Latencies]:
    """Seconds to the first byte and to the end; NaN for what the run's end cut off."""
    sent = requests["sent_s"].where(requests["outcome"].ne(Outcome.UNFINISHED)).to_numpy()
    first_byte, done = requests["first_byte_s"].to_numpy(), requests["done_s"].to_numpy()
    return (first_byte - sent).astype(np.float32), (done - sent).astype(np.float32)


def _classes(requests: pd.DataFrame) -> Codes:
    """The place of each request's class of status in `_CLASSES`."""
    classes: Codes = np.clip(requests["status"].to_numpy() // 100, 0, 5).astype(np.int8)
    answered = requests["outcome"].eq(Outcome.OK).to_numpy()
    looked_up = requests["kind"].eq(LOOK_UP).to_numpy()
    classes[looked_up] = np.where(answered[looked_up], _RESOLVED, _NOT_RESOLVED)
    return classes


def _phases(requests: pd.DataFrame) -> Codes:
    """The place of each request's phase in `PHASES`."""
    phases = requests["phase"].cat
    places: Codes = np.array([PHASES.index(it) for it in phases.categories])[phases.codes]
    return places


def _named(name: str, values: Latencies) -> dict[str, float | None]:
    return {f"{name}_{key}_s": value for key, value in _quantiles(values)}


def _quantiles(values: Latencies) -> Iterator[tuple[str, float | None]]:
    """By nearest rank, of those that are known; None when none is."""
    known = values[~np.isnan(values)]
    places = {key: place(quantile, len(known)) for key, quantile in _QUANTILES.items()}
    if len(known):
        known.partition(list(places.values()))
    for key, at in places.items():
        yield key, round(max(0.0, float(known[at])), _DIGITS) if len(known) else None
