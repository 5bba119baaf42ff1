"""Every chart of a page, as data."""

from pathlib import Path

import altair as alt

from harness.report.charts import charts
from tests.recordings import RunFolder, analysed, outage

KEYS = {
    "faults",
    "pods",
    "delay_points",
    "ecdf",
    "parts",
    "waterfall",
    "pulls",
    "throughput",
    "first_byte",
    "duration",
    "pull_points",
}


def test_every_chart_is_valid_vega_lite(tmp_path: Path) -> None:
    """By Altair's schema; and each has words beside it."""
    drawn = charts(analysed(outage(), tmp_path))
    assert set(drawn) == KEYS
    for key, chart in drawn.items():
        alt.Chart.from_dict(chart.spec)
        assert chart.key == key
        assert chart.title
        assert chart.description
        assert len(chart.table)


def test_a_chart_without_data_is_left_out(tmp_path: Path) -> None:
    """An empty recording has a page without drawings."""
    assert charts(analysed(RunFolder(), tmp_path)) == {}
