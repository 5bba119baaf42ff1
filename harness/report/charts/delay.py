"""The charts of the deployment delay: how it is spread, what it is made of, who waited longest."""

from typing import Final

import pandas as pd

from harness.analysis import Analysis
from harness.analysis.findings import Findings
from harness.report.charts.drawing import (
    Chart,
    amount,
    bands,
    data,
    limits,
    scale,
    spec,
    spec_over_time,
    time,
    tip,
)
from harness.report.charts.palette import DASHES, PARTS, PHASES

_ROW_HEIGHT: Final = 16
_BAR_HEIGHT: Final = 34
_NAME_WIDTH: Final = 150


def ecdf_chart(analysis: Analysis) -> Chart | None:
    """The share of pods ready within a delay, by phase."""
    steps = analysis.series["delay_ecdf"]
    if steps.empty:
        return None
    present = steps["phase"].unique().tolist()
    kept = [phase for phase in PHASES if phase in present]
    encoding = {
        "x": {
            "field": "delay_s",
            "type": "quantitative",
            "scale": {"nice": True, "zero": True},
            "axis": {"title": "Seconds from creation to Ready", "grid": False}
            | {"tickCount": {"expr": "max(3, width / 80)"}},
        },
        "y": amount(
            "share",
            "Share of pods",
            format=".0%",
            values=[0, 0.25, 0.5, 0.75, 0.95, 1],
            labelOverlap=False,
        )
        | {"scale": {"domain": [0, 1]}},
        "color": {"field": "phase", "type": "nominal", "scale": scale(PHASES, present)},
        "strokeDash": {
            "field": "phase",
            "type": "nominal",
            "scale": {"domain": kept, "range": [DASHES[phase] for phase in kept]},
        },
        "tooltip": tip(
            ("phase", "Phase"),
            ("delay_s", "Ready within (s)", ".2f"),
            ("share", "Share of pods", ".1%"),
            ("pods", "Pods"),
        ),
    }
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2.2}
    description = (
        "The share of all pods of a phase that were Ready within a delay. A line that does not "
        "reach 100 % has pods that never became Ready."
    )
    layers = [
        *limits(analysis.findings, "x"),
        {"data": data(steps), "mark": line, "encoding": encoding},
    ]
    return Chart(
        key="ecdf",
        title="Deployment delay by phase",
        description=description,
        spec=spec(description, layers, 260),
        table=steps,
    )


def parts_chart(findings: Findings) -> Chart | None:
    """Mean seconds in each part of the delay, by phase."""
    shown = [one for one in findings.delay_parts if one.group == "phase"]
    rows = [
        {"phase": one.name, "part": part, "mean_s": mean, "share": one.share[part], "place": place}
        for one in shown
        for place, (part, mean) in enumerate(one.mean_s.items())
    ]
    if not any(row["mean_s"] for row in rows):
        return None
    frame = pd.DataFrame(rows)
    present = frame.loc[frame["mean_s"].gt(0), "part"].unique().tolist()
    encoding = {
        "x": amount("mean_s", "Mean seconds per pod", minExtent=0, maxExtent=40),
        "y": {
            "field": "phase",
            "type": "nominal",
            "sort": list(PHASES),
            "axis": {"title": None, "domain": False, "ticks": False, "labelFontSize": 12}
            | {"labelColor": "var(--fg)", "minExtent": 64, "maxExtent": 64},
        },
        "color": {"field": "part", "type": "nominal", "scale": scale(PARTS, present)},
        "order": {"field": "place", "type": "quantitative"},
        "tooltip": tip(
            ("phase", "Phase"),
            ("part", "Part"),
            ("mean_s", "Mean (s)", ".2f"),
            ("share", "Share", ".0%"),
        ),
    }
    mark = {"type": "bar", "height": {"band": 0.7}, "stroke": "var(--panel)", "strokeWidth": 0.5}
    description = (
        "Where the time between creation and Ready went, on average over all pods of a phase."
    )
    layers = [{"data": data(frame[frame["mean_s"].gt(0)]), "mark": mark, "encoding": encoding}]
    return Chart(
        key="parts",
        title="Parts of the delay",
        description=description,
        spec=spec(description, layers, _BAR_HEIGHT * len(shown)),
        table=frame.pivot_table(index="part", columns="phase", values="mean_s", sort=False)
        .reindex(columns=[one.name for one in shown])
        .reset_index(),
    )


def waterfall_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """The slowest pods, each from its creation to Ready."""
    segments = analysis.series["waterfall"]
    if segments.empty:
        return None
    present = segments["part"].unique().tolist()
    pods = segments["pod"].unique().tolist()
    name = {
        "field": "pod",
        "type": "nominal",
        "sort": None,  # as they come; Vega-Lite makes code of a list, and these are not our words
        "axis": {"title": None, "domain": False, "ticks": False, "labelFontSize": 10}
        | {"labelLimit": _NAME_WIDTH, "minExtent": _NAME_WIDTH, "maxExtent": _NAME_WIDTH},
    }
    about = tip(
        ("pod", "Pod"),
        ("node", "Node"),
        ("part", "Part"),
        ("attempt", "Attempt"),
        ("cause", "Failed by"),
        ("begin_s", "From (s)", ".2f"),
        ("end_s", "To (s)", ".2f"),
        ("wait_s", "Total delay (s)", ".2f"),
    )
    encoding = {
        "x": time("begin_s"),
        "x2": {"field": "end_s"},
        "y": name,
        "color": {"field": "part", "type": "nominal", "scale": scale(PARTS, present)},
        "tooltip": about,
    }
    bar = {"type": "bar", "height": {"band": 0.74}}
    layers = [*bands(analysis), {"data": data(segments), "mark": bar, "encoding": encoding}]
    failed = segments[segments["cause"].ne("")].groupby(["pod", "attempt"], sort=False).tail(1)
    if not failed.empty:
        tick = {"type": "tick", "color": "var(--fg)", "thickness": 2, "height": {"band": 0.9}}
        ends = {"x": time("end_s"), "y": name, "tooltip": about}
        layers.append({"data": data(failed), "mark": tick, "encoding": ends})
    description = (
        f"The {len(pods)} pods that waited longest, slowest first, from creation to Ready in the "
        "run's own time. A dark tick is an attempt that failed. Shaded: a fault was active."
    )
    return Chart(
        key="waterfall",
        title="Slowest pods",
        description=description,
        spec=spec_over_time(description, layers, _ROW_HEIGHT * len(pods), end_s),
        table=segments,
    )
