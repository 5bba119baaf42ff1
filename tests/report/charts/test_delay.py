"""Charts of the deployment delay."""

from pathlib import Path

import pytest

from harness.report.charts import charts
from tests.recordings import NAN, RunFolder, analysed, outage


def test_the_ecdf_ends_below_100_percent_when_pods_never_became_ready(tmp_path: Path) -> None:
    """Two of three."""
    run = RunFolder()
    run.pod("a", 0, 1.0)
    run.pod("b", 0, 2.0)
    run.pod("c", 0, NAN, ended_s=30)
    values = charts(analysed(run, tmp_path))["ecdf"].spec["layer"][-1]["data"]["values"]
    assert max(value["share"] for value in values) == pytest.approx(2 / 3, abs=1e-5)


def test_parts_are_stacked_in_the_order_in_which_a_pod_passes_them(tmp_path: Path) -> None:
    """By phase; the table has a row a part."""
    chart = charts(analysed(outage(), tmp_path))["parts"]
    values = chart.spec["layer"][0]["data"]["values"]
    during = [value["part"] for value in values if value["phase"] == "during"]
    assert during == [
        "schedule", "queue", "resolve", "auth", "manifest", "download", "unpack", "backoff",
        "start",
    ]  # fmt: skip
    assert list(chart.table.columns) == ["part", "before", "during", "after"]


def test_the_waterfall_marks_attempts_that_failed(tmp_path: Path) -> None:
    """Where each ended, with its cause; names are data, never code."""
    chart = charts(analysed(outage(), tmp_path))["waterfall"]
    ticks = chart.spec["layer"][-1]
    assert ticks["mark"]["type"] == "tick"
    assert {value["cause"] for value in ticks["data"]["values"]} == {"dns"}
    assert len(ticks["data"]["values"]) == 31
    assert ticks["encoding"]["y"]["sort"] is None
