"""Every chart of the page."""

from dataclasses import replace

from harness.analysis import Analysis
from harness.report.charts.delay import ecdf_chart, parts_chart, waterfall_chart
from harness.report.charts.drawing import Chart, drawable_texts
from harness.report.charts.latencies import duration_chart, first_byte_chart
from harness.report.charts.over_time import (
    faults_chart,
    pods_chart,
    pulls_chart,
    pushes_chart,
    throughput_chart,
)
from harness.report.charts.points import (
    delay_points_chart,
    pull_points_chart,
    push_points_chart,
)

__all__ = ["Chart", "charts"]


def charts(analysis: Analysis) -> dict[str, Chart]:
    """Every chart that there is something to draw for, by key."""
    texts = {name: drawable_texts(frame) for name, frame in analysis.series.items()}
    analysis = replace(analysis, series=texts)
    end_s = max(analysis.findings.run.duration_s, 1e-3)
    drawn = (
        faults_chart(analysis, end_s),
        delay_points_chart(analysis, end_s),
        pods_chart(analysis, end_s),
        ecdf_chart(analysis),
        parts_chart(analysis.findings),
        waterfall_chart(analysis, end_s),
        pulls_chart(analysis, end_s),
        pull_points_chart(analysis, end_s),
        push_points_chart(analysis, end_s),
        pushes_chart(analysis, end_s),
        throughput_chart(analysis, end_s),
        first_byte_chart(analysis, end_s),
        duration_chart(analysis, end_s),
    )
    return {chart.key: chart for chart in drawn if chart is not None}
