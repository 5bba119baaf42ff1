"""A figure over the nights, as data."""

import altair as alt
import pytest

from harness.report.charts.trend_chart import trend_chart
from tests.report.test_trend_page import made


@pytest.mark.parametrize(("figure", "rules"), [(0, 4), (1, 1)])
def test_the_charts_hold_to_vega_lite(figure: int, rules: int) -> None:
    """A version, a change and two levels; of a figure that never changed only the version."""
    (one,) = made().scenarios
    chart = trend_chart("trend-0-0", "Delay", one.figures[figure], one)
    alt.Chart.from_dict(chart.spec)
    drawn = [
        len(it["data"]["values"]) for it in chart.spec["layer"] if it["mark"]["type"] == "rule"
    ]
    assert sum(drawn) == rules
    assert len(chart.table) == 30
