"""Charts on the run's own time."""

from pathlib import Path
from typing import Any

import pytest

from harness.report.charts import Chart, charts
from tests.recordings import NAN, RunFolder, analysed, outage

OVER_TIME = ("faults", "pods", "delay_points", "waterfall", "pulls", "throughput")


def drawn(run: RunFolder, folder: Path) -> dict[str, Chart]:
    return charts(analysed(run, folder))


def values(chart: Chart, layer: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart.spec["layer"][layer]["data"]["values"]
    return found


@pytest.mark.parametrize("key", OVER_TIME)
def test_all_share_one_time_and_the_bands_of_the_faults(tmp_path: Path, key: str) -> None:
    """So that they can be read one below the other."""
    chart = drawn(outage(), tmp_path)[key]
    for layer in chart.spec["layer"]:
        x = layer["encoding"].get("x", {})
        if "scale" in x:
            assert x["scale"]["domain"] == [{"expr": "from_s"}, {"expr": "to_s"}]
            assert layer["mark"]["clip"] is True
    assert {one["name"]: one["value"] for one in chart.spec["params"]} == {"from_s": 0, "to_s": 120}
    if key != "faults":
        assert values(chart, 0) == [{"start_s": 20.0, "end_s": 50.0}]


def test_a_fault_has_one_label_with_all_its_bites(tmp_path: Path) -> None:
    """Where it begins, or where it ends when that is near the edge."""
    run = outage()
    run.fault("latency-1", 55, 60, bites=3)
    run.fault("latency-1", 80, 90, bites=4, occurrence=2)
    run.fault("bandwidth-1", 100, 110, bites=5)
    layers = drawn(run, tmp_path)["faults"].spec["layer"]
    labels = [
        (value["label"], value["at_s"], layer["mark"]["align"])
        for layer in layers[1:]
        for value in layer["data"]["values"]
    ]
    assert labels == [
        ("dns_nxdomain-1  ·  40 affected", 20.0, "left"),
        ("latency-1  ·  7 affected", 55.0, "left"),
        ("bandwidth-1  ·  5 affected", 110.0, "right"),
    ]


def test_limits_are_drawn_where_delays_are(tmp_path: Path) -> None:
    """With what they limit."""
    run = outage()
    run.expect = [
        {"metric": "deployment_delay", "quantile": 0.95, "phase": "during", "at_most": 90}
    ]
    found = drawn(run, tmp_path)
    assert values(found["delay_points"], 1) == [{"limit": 90.0, "label": "limit p95 during"}]
    assert values(found["ecdf"], 0) == [{"limit": 90.0, "label": "limit p95 during"}]


def test_a_pod_that_never_became_ready_has_a_shape_of_its_own(tmp_path: Path) -> None:
    """And a legend that says so, only then."""
    run = RunFolder()
    run.pod("a", 0, 1.0)
    run.ended(40)
    shape = drawn(run, tmp_path)["delay_points"].spec["layer"][-1]["encoding"]["shape"]
    assert shape["legend"] is None
    run.pod("b", 0, NAN, ended_s=30)
    chart = drawn(run, tmp_path / "more")["delay_points"]
    assert chart.spec["layer"][-1]["encoding"]["shape"]["legend"] is not None
    assert {value["result"] for value in values(chart, -1)} == {
        "ready",
        "never ready (waited so far)",
    }


def test_pushes_have_a_chart_when_there_are_any(tmp_path: Path) -> None:
    """By result, as pulls."""
    run = outage()
    run.push("a", 60, 61)
    run.push("b", 60, 61, outcome="failed", cause="quota")
    found = drawn(run, tmp_path)["pushes"]
    assert [(bar["result"], bar["count"]) for bar in values(found, -2)] == [("ok", 1), ("quota", 1)]


def test_bars_of_the_last_bin_end_with_the_run(tmp_path: Path) -> None:
    """They do not hang over the edge."""
    run = RunFolder()
    run.pull("a", 100, 100.7)
    run.ended(100.9)
    found = drawn(run, tmp_path)["pulls"]
    (bar,) = values(found, -2)
    assert bar["until_s"] == pytest.approx(100.9)
    offered = values(found, -1)
    assert sum(point["due"] for point in offered[:-1]) == 1
    assert offered[-1]["at_s"] == pytest.approx(100.9)
