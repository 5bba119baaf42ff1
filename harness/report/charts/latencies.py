"""The charts of request latencies over the run's own time."""

from typing import Any, Final

from harness.analysis import Analysis
from harness.report.charts.drawing import (
    Chart,
    amount,
    bands,
    data,
    scale,
    spec_over_time,
    time,
    tip,
)
from harness.report.charts.palette import KIND_DASHES, KINDS

_SHORTEST_S: Final = 1e-4  # nothing is drawn below: a logarithm has no zero
_TICKS: Final = [10.0**power for power in range(-4, 5)]
_LABEL: Final = "datum.value < 1 ? format(datum.value * 1000, '~g') + ' ms' : datum.value + ' s'"


def first_byte_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """The 95th percentile of the time to first byte."""
    about = "From sending a request to the first byte of its answer"
    return _latency_chart(analysis, end_s, "first_byte", "Time to first byte", about)


def duration_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """The 95th percentile of the duration."""
    about = "From sending a request to the last byte of its answer"
    return _latency_chart(analysis, end_s, "duration", "Duration of requests", about)


def _latency_chart(
    analysis: Analysis, end_s: float, key: str, title: str, about: str
) -> Chart | None:
    over_time = analysis.series["latencies"]
    if over_time.empty:
        return None
    names = [f"{key}_p50_s", f"{key}_p95_s"]
    rows = over_time[["at_s", "kind", "requests", *names]].assign(
        seen_s=over_time[names[1]].astype(float).clip(lower=_SHORTEST_S)
    )
    kinds = scale(KINDS, rows["kind"].unique().tolist())
    y = amount("seen_s", f"{title}, p95", values=_TICKS, labelExpr=_LABEL)
    encoding: dict[str, Any] = {
        "x": time("at_s"),
        "y": y | {"scale": {"type": "log", "nice": True}},
        "color": {
            "field": "kind",
            "type": "nominal",
            "scale": kinds,
            "legend": {"symbolType": "stroke", "symbolSize": 220},
        },
        "strokeDash": {
            "field": "kind",
            "type": "nominal",
            "scale": {
                "domain": kinds["domain"],
                "range": [KIND_DASHES[kind] for kind in kinds["domain"]],
            },
        },
        "tooltip": tip(
            ("at_s", "From (s)", ".1f"),
            ("kind", "Kind"),
            ("requests", "Requests"),
            (names[0], "p50 (s)", ".4f"),
            (names[1], "p95 (s)", ".4f"),
        ),
    }
    width_s = analysis.findings.throughput.bin_s
    description = (
        f"{about}: the 95th percentile of successful requests of each kind, by the "
        f"{width_s:g} s in which they were sent. Shaded: a fault was active."
    )
    mark = {
        "type": "line",
        "interpolate": "monotone",
        "strokeWidth": 1.8,
        "point": {"filled": True, "size": 16},
    }
    layers = [*bands(analysis), {"data": data(rows), "mark": mark, "encoding": encoding}]
    return Chart(
        key=key,
        title=title,
        description=description,
        spec=spec_over_time(description, layers, 170, end_s),
        table=over_time[over_time["requests"].gt(0)][["at_s", "kind", "requests", *names]],
    )
