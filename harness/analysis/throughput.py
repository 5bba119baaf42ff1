"""Bytes, pulls and pods over time, in bins that do not grow with the number of samples."""

import math
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.client_pool import pool_exhausted
from harness.analysis.json_values import finite
from harness.analysis.quantiles import Floats, spread
from harness.analysis.transfer_findings import ThroughputFinding
from harness.recording.outcome import Cause, Outcome

MOST_BINS: Final = 120
MOST_MOMENTS: Final = 600
_ROWS_AT_ONCE: Final = 1 << 16  # half a MiB a column: stays in a processor's cache
_CAUSES: Final = tuple(cause.value for cause in Cause if cause is not Cause.NONE)
_WIDTHS_S: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


def bin_edges(end_s: float) -> Floats:
    """Edges from 0 to past `end_s`, a round number of seconds apart, at most MOST_BINS bins."""
    width = next((w for w in _WIDTHS_S if end_s / w <= MOST_BINS), math.ceil(end_s / MOST_BINS))
    count = max(1, math.ceil(end_s / width))
    edges: Floats = np.arange(count + 1, dtype=np.float64) * width
    return edges


def bytes_over_time(requests: pd.DataFrame, pulls: pd.DataFrame, edges: Floats) -> pd.DataFrame:
    """Mean bytes per second in each bin, every transfer spread evenly over its own time.

    From the requests; where there are none, from the pulls. Columns at_s, bytes_per_s.
    """
    rows, start, end = (
        (requests, "begun_s", "done_s") if len(requests) else (pulls, "started_s", "ended_s")
    )
    arrived = np.zeros(len(edges))
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows.iloc[first : first + _ROWS_AT_ONCE]
        arrived += _arrived(some[start], some[end], some["bytes"], edges)
    return pd.DataFrame({"at_s": edges[:-1], "bytes_per_s": np.diff(arrived) / np.diff(edges)})


def _arrived(
    starts: "pd.Series[float]", ends: "pd.Series[float]", sizes: "pd.Series[int]", edges: Floats
) -> Floats:
    """Bytes that had arrived by each edge."""
    known = (sizes.gt(0) & starts.notna() & ends.notna()).to_numpy()
    begun, amounts = starts.to_numpy()[known], sizes.to_numpy(dtype=float)[known]
    took = np.maximum(ends.to_numpy()[known] - begun, 1e-6)
    return np.array([float((amounts * np.clip((t - begun) / took, 0, 1)).sum()) for t in edges])


def throughput_finding(over_time: pd.DataFrame, bin_s: float) -> ThroughputFinding:
    """The whole and the busiest bin; the mean is over the bins in which anything arrived."""
    rates = over_time["bytes_per_s"]
    busy = rates[rates.gt(0)]
    return ThroughputFinding(
        bytes_sum=round(float(rates.sum() * bin_s)),
        mean_bytes_per_s=finite(float(busy.mean())),
        peak_bytes_per_s=finite(float(rates.max())) if len(busy) else None,
        bin_s=bin_s,
    )


def endings_over_time(rows: pd.DataFrame, ended: str, edges: Floats) -> pd.DataFrame:
    """How many of `rows` ended in each bin, by result: "ok", a cause, or "unfinished".

    Columns at_s, result, count.
    """
    bins = np.clip(np.digitize(rows[ended].to_numpy(), edges) - 1, 0, len(edges) - 2)
    counted = pd.DataFrame({"at_s": edges[bins], "result": results(rows)})
    grouped = counted.groupby(["at_s", "result"], sort=True).size()
    return grouped.rename("count").reset_index()


def due_over_time(rows: pd.DataFrame, edges: Floats) -> pd.DataFrame:
    """What was offered in each bin, and how much of it found every client busy.

    Columns at_s, due, no_client.
    """
    due, _ = np.histogram(rows["due_s"].dropna().to_numpy(), edges)
    late, _ = np.histogram(rows.loc[pool_exhausted(rows), "due_s"].to_numpy(), edges)
    return pd.DataFrame({"at_s": edges[:-1], "due": due, "no_client": late})


def results(rows: pd.DataFrame) -> "pd.Series[str]":
    """One word for each row: `ok`, `unfinished`, or the cause of the failure."""
    causes = rows["cause"].where(rows["cause"].isin(_CAUSES), Cause.UNKNOWN.value)
    return causes.where(rows["outcome"].eq(Outcome.FAILED), rows["outcome"])


def pods_over_time(pods: pd.DataFrame, end_s: float) -> pd.DataFrame:
    """Pods created and ready so far, at the moments at which that changed. at_s, created, ready.

    Of many moments an even choice, the last of them always.
    """
    created = np.sort(pods["created_s"].dropna().to_numpy())
    ready = np.sort(pods.loc[pods["outcome"].eq(Outcome.OK), "ready_s"].dropna().to_numpy())
    moments = np.unique(np.concatenate([[0.0], created, ready, [end_s]]))
    at_s = moments[spread(len(moments), MOST_MOMENTS)]
    return pd.DataFrame(
        {
            "at_s": at_s,
            "created": np.searchsorted(created, at_s, side="right"),
            "ready": np.searchsorted(ready, at_s, side="right"),
        }
    )
