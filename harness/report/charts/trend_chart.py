"""One figure over the nights: its values, its levels, and where they changed."""

from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.trend import FigureTrend, ScenarioTrend
from harness.report.charts.drawing import Chart, Spec, amount, data, drawable, spec, tip

_HEIGHT: Final = 130
_AXES: Final = {"s": ("Seconds", 1.0), "share": ("%", 100.0), "bytes/s": ("MiB/s", 1 / (1 << 20))}


def trend_chart(key: str, title: str, one: FigureTrend, trend: ScenarioTrend) -> Chart:
    """`one` of `trend`, every night a point."""
    axis, factor = _AXES[one.unit]
    nights = pd.DataFrame(
        {
            "started": [night.started for night in trend.nights],
            "runs": [" ".join(night.run_ids) for night in trend.nights],
            "value": [np.nan if value is None else value * factor for value in one.nightly],
        }
    ).dropna(subset=["value"])
    when = {
        "field": "started",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"title": None, "grid": False, "tickCount": {"expr": "max(3, width / 90)"}},
    }
    layers: list[Spec] = [
        *_rules(trend, one, when),
        {
            "data": data(nights),
            "mark": {
                "type": "line",
                "color": "var(--part-download)",
                "strokeWidth": 1.5,
                "point": {"filled": True, "size": 28, "color": "var(--part-download)"},
            },
            "encoding": {
                "x": when,
                "y": amount("value", axis) | {"scale": {"zero": False, "nice": True}},
                "tooltip": tip(("started", "Night"), ("value", axis, ".4g"), ("runs", "Runs")),
            },
        },
        *_levels(nights, one, factor, when),
    ]
    description = f"{axis} by night; a bar where the level changed, flat lines at the medians."
    return Chart(
        key=key,
        title=title,
        description=description,
        spec=spec(description, layers, _HEIGHT),
        table=nights.rename(columns={"value": axis}),
    )


def _rules(trend: ScenarioTrend, one: FigureTrend, when: Spec) -> list[Spec]:
    """Upright lines: changes of the level, and dashed ones where something else was changed."""
    changes = [
        {"started": change.started, "tone": "worse" if change.worse else "better"}
        for change in one.changes
    ]
    if one.perhaps:
        changes.append({"started": one.perhaps.started, "tone": "perhaps"})
    marks = [
        {"started": trend.nights[mark.at].started, "text": drawable(mark.text)}
        for mark in trend.marks
    ]
    tones = {
        "domain": ["worse", "better", "perhaps"],
        "range": ["var(--fail)", "var(--pass)", "var(--inconclusive)"],
    }
    layers: list[Spec] = []
    if marks:
        dashed = {"type": "rule", "color": "var(--muted)", "strokeDash": [3, 3]}
        encoding = {"x": when, "tooltip": tip(("started", "Night"), ("text", "Changed"))}
        layers.append({"data": {"values": marks}, "mark": dashed, "encoding": encoding})
    if changes:
        colour = {"field": "tone", "type": "nominal", "scale": tones, "legend": None}
        encoding = {"x": when, "color": colour, "tooltip": tip(("started", "Since"), ("tone", ""))}
        bar = {"type": "rule", "strokeWidth": 3, "opacity": 0.6}
        layers.append({"data": {"values": changes}, "mark": bar, "encoding": encoding})
    return layers


def _levels(nights: pd.DataFrame, one: FigureTrend, factor: float, when: Spec) -> list[Spec]:
    """A flat line at the median of each level; none where the level never changed."""
    changes = (*one.changes, *filter(None, [one.perhaps]))
    if not changes:
        return []
    starts = [str(nights["started"].iloc[0]), *(change.started for change in changes)]
    ends = [*(change.started for change in changes), str(nights["started"].iloc[-1])]
    heights = [changes[0].before, *(change.after for change in changes)]
    values = [
        {"started": start, "until": end, "level": height * factor}
        for start, end, height in zip(starts, ends, heights, strict=True)
    ]
    line = {"type": "rule", "color": "var(--fg)", "strokeWidth": 1.5, "opacity": 0.7}
    encoding = {
        "x": when,
        "x2": {"field": "until"},
        "y": {"field": "level", "type": "quantitative"},
    }
    return [{"data": {"values": values}, "mark": line, "encoding": encoding}]
