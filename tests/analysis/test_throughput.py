"""Bytes and endings in bins."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.analysis.throughput import (
    MOST_MOMENTS,
    bin_edges,
    bytes_over_time,
    due_over_time,
    endings_over_time,
    pods_over_time,
)
from tests.recordings import RunFolder, analysed, outage


@pytest.mark.parametrize(
    ("end_s", "width_s"), [(0, 0.5), (10, 0.5), (61, 1), (120, 1), (3600, 30), (86_400, 1800)]
)
def test_bins_are_round_and_few(end_s: float, width_s: float) -> None:
    """Never more than 120, and the end lies within."""
    edges = bin_edges(end_s)
    assert edges[1] - edges[0] == width_s
    assert len(edges) - 1 <= 120
    assert edges[-1] >= end_s


def test_a_transfer_is_spread_over_its_time() -> None:
    """Four hundred bytes from 0.5 to 2.5 s, and a hundred at once."""
    requests = pd.DataFrame({"begun_s": [0.5, 1.2], "done_s": [2.5, 1.2], "bytes": [400, 100]})
    over_time = bytes_over_time(requests, requests.head(0), np.arange(4.0))
    assert over_time["bytes_per_s"].tolist() == pytest.approx([100, 300, 100])


def test_no_byte_is_lost(tmp_path: Path) -> None:
    """Spreading transfers over bins keeps their sum."""
    findings = analysed(outage(), tmp_path).findings
    assert findings.throughput.bytes_sum == 60 * (32 << 20)
    assert findings.throughput.bin_s == 1


def test_many_transfers_are_added_up_in_parts() -> None:
    """A byte a second each, two hundred thousand of them, whatever is read at once."""
    rows = 200_000
    requests = pd.DataFrame({"begun_s": [0.0] * rows, "done_s": [3.0] * rows, "bytes": [3] * rows})
    over_time = bytes_over_time(requests, requests.head(0), np.arange(4.0))
    assert over_time["bytes_per_s"].tolist() == pytest.approx([rows] * 3)


def test_endings_are_named_by_their_result() -> None:
    """A cause that nobody knows is unknown."""
    rows = pd.DataFrame(
        {
            "ended_s": [0.1, 0.2, 1.5, 2.0, 9.0],
            "outcome": ["ok", "failed", "failed", "unfinished", "ok"],
            "cause": ["", "dns", "<b>", "", ""],
        }
    )
    found = endings_over_time(rows, "ended_s", np.arange(4.0))
    assert found.to_dict("records") == [
        {"at_s": 0.0, "result": "dns", "count": 1},
        {"at_s": 0.0, "result": "ok", "count": 1},
        {"at_s": 1.0, "result": "unknown", "count": 1},
        {"at_s": 2.0, "result": "ok", "count": 1},
        {"at_s": 2.0, "result": "unfinished", "count": 1},
    ]


def test_a_run_without_transfers_has_no_throughput(tmp_path: Path) -> None:
    """And no mean of nothing."""
    throughput = analysed(RunFolder(), tmp_path).findings.throughput
    assert (throughput.bytes_sum, throughput.mean_bytes_per_s) == (0, None)


def test_what_was_offered_is_counted_when_it_was_due() -> None:
    """Whether it began late, or never; what has no such moment is left out."""
    rows = pd.DataFrame(
        {
            "due_s": [0.0, 0.9, 1.0, 2.5, float("nan")],
            "waited_for_client_s": [0.0, 0.5, 0.001, 9.0, 0.0],
        }
    )
    found = due_over_time(rows, np.arange(4.0))
    assert found.to_dict("list") == {
        "at_s": [0.0, 1.0, 2.0],
        "due": [2, 1, 1],
        "no_client": [1, 0, 1],
    }


def test_pods_are_counted_when_they_are_made_and_when_they_are_ready() -> None:
    """Not at the next round second, which in a long run is half a minute later."""
    pods = pd.DataFrame(
        {
            "created_s": [0.0, 31.7, 31.7],
            "ready_s": [1.25, 40.5, np.nan],
            "outcome": ["ok", "ok", "failed"],
        }
    )
    counted = pods_over_time(pods, 3600.0)
    assert counted.to_numpy().tolist() == [
        [0, 1, 0],
        [1.25, 1, 1],
        [31.7, 3, 1],
        [40.5, 3, 2],
        [3600, 3, 2],
    ]


def test_of_many_pods_a_choice_is_drawn() -> None:
    """The first and the last among them."""
    created = np.arange(50_000) / 10
    pods = pd.DataFrame({"created_s": created, "ready_s": created + 0.05, "outcome": "ok"})
    counted = pods_over_time(pods, 6000.0)
    assert len(counted) <= MOST_MOMENTS
    assert counted.iloc[-1].tolist() == [6000.0, 50_000, 50_000]
