"""The charts whose horizontal axis is the run's own time, so that they can be read together."""

from typing import Any, Final

import pandas as pd

from harness.analysis import Analysis
from harness.report.charts.drawing import (
    AXIS_WIDTH,
    Chart,
    Spec,
    amount,
    bands,
    data,
    scale,
    spec_over_time,
    time,
    tip,
)
from harness.report.charts.palette import RESULTS

_LANE_HEIGHT: Final = 22


def faults_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """When each fault was on; one lane a fault."""
    faults = analysis.series["faults"]
    if faults.empty:
        return None
    lane = {
        "field": "fault",
        "type": "nominal",
        "sort": None,
        "axis": {"labels": False, "ticks": False, "domain": False, "title": " "}
        | {"minExtent": AXIS_WIDTH, "maxExtent": AXIS_WIDTH},
    }
    about = tip(
        ("fault", "Fault"),
        ("occurrence", "Occurrence"),
        ("start_s", "Injected (s)", ".1f"),
        ("end_s", "Removed (s)", ".1f"),
        ("bites", "Bites"),
    )
    bar = {"type": "bar", "height": {"band": 0.82}, "cornerRadius": 3, "color": "var(--fault)"}
    span = {
        "x": time("start_s", None),
        "x2": {"field": "end_s"},
        "y": lane,
        "tooltip": about,
    }
    layers: list[Spec] = [{"data": data(faults), "mark": bar, "encoding": span}]
    for late, labels in _lane_labels(faults, end_s).groupby("late"):
        place = {"align": "right", "dx": -6} if late else {"align": "left", "dx": 6}
        mark = {"type": "text", "color": "var(--fg)", "fontSize": 12, **place}
        encoding = {
            "x": time("at_s", None),
            "y": lane,
            "text": {"field": "label", "type": "nominal"},
        }
        layers.append({"data": data(labels), "mark": mark, "encoding": encoding})
    lanes = faults["fault"].nunique()
    description = "Each bar is one occurrence of a fault, from injection to removal."
    return Chart(
        key="faults",
        title="Faults",
        description=description,
        spec=spec_over_time(description, layers, _LANE_HEIGHT * lanes, end_s),
        table=faults,
    )


def _lane_labels(faults: pd.DataFrame, end_s: float) -> pd.DataFrame:
    """One label a fault: where its bars begin, or where they end when that is near the edge."""
    lanes = faults.groupby("fault", sort=False).agg(
        start_s=("start_s", "min"), end_s=("end_s", "max"), bites=("bites", "sum")
    )
    lanes = lanes.reset_index()
    late = lanes["start_s"] > end_s / 2
    counted = lanes["bites"].map(lambda bites: f"  ·  {bites:,.0f} affected")
    return lanes.assign(
        late=late, at_s=lanes["end_s"].where(late, lanes["start_s"]), label=lanes["fault"] + counted
    )


def pods_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """Pods created and ready; the gap between the lines is what waits."""
    over_time = analysis.series["pods_over_time"]
    if over_time.empty or not over_time["created"].max():
        return None
    long = over_time.melt(id_vars="at_s", var_name="pods", value_name="count")
    encoding = {
        "x": time("at_s"),
        "y": amount("count", "Pods", tickMinStep=1),
        "color": {
            "field": "pods",
            "type": "nominal",
            "scale": {"domain": ["created", "ready"], "range": ["var(--muted)", "var(--after)"]},
        },
        "strokeDash": {
            "field": "pods",
            "type": "nominal",
            "scale": {"domain": ["created", "ready"], "range": [[5, 3], [1, 0]]},
        },
        "tooltip": tip(("at_s", "At (s)", ".1f"), ("pods", "Pods"), ("count", "Count")),
    }
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2}
    description = (
        "Pods created and Ready so far; the gap between the lines is the pods still waiting."
    )
    layers = [
        *bands(analysis),
        {"data": data(long), "mark": line, "encoding": encoding},
    ]
    return Chart(
        key="pods",
        title="Pods created and Ready",
        description=description,
        spec=spec_over_time(description, layers, 150, end_s),
        table=over_time,
    )


def pulls_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """Attempts to pull as they ended, by result."""
    description = (
        "Pull attempts by the time they ended: successful ones, and failed ones by cause. "
        "The line is the offered load: attempts by the time they were due; "
        "dashed: those that found every client busy."
    )
    return _results_chart(analysis, end_s, "pulls", description)


def pushes_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """Pushes as they ended, by result."""
    description = (
        "Pushes by the time they ended: successful ones, and failed ones by cause. "
        "The line is the offered load: pushes by the time they were due; "
        "dashed: those that found every client busy."
    )
    return _results_chart(analysis, end_s, "pushes", description)


def _results_chart(analysis: Analysis, end_s: float, what: str, description: str) -> Chart | None:
    over_time = analysis.series[f"{what}_over_time"]
    if over_time.empty:
        return None
    width_s = analysis.findings.throughput.bin_s
    order = {result: place for place, result in enumerate(RESULTS)}
    rows = over_time.assign(
        until_s=(over_time["at_s"] + width_s).clip(upper=end_s),
        place=over_time["result"].map(order),
    )
    colours = scale(RESULTS, rows["result"].unique().tolist())
    encoding = {
        "x": {**time("at_s"), "bin": "binned"},
        "x2": {"field": "until_s"},
        "y": {
            **amount("count", f"{what.capitalize()} per {width_s:g} s", tickMinStep=1),
            "stack": "zero",
        },
        "color": {"field": "result", "type": "nominal", "scale": colours},
        "order": {"field": "place", "type": "quantitative"},
        "tooltip": tip(
            ("at_s", "From (s)", ".1f"), ("result", "Result"), ("count", what.capitalize())
        ),
    }
    mark = {"type": "bar", "stroke": "var(--panel)", "strokeWidth": 0.5}
    layers = [
        *bands(analysis),
        {"data": data(rows), "mark": mark, "encoding": encoding},
        *_offered(analysis.series[f"{what}_due"], end_s),
    ]
    return Chart(
        key=what,
        title=f"{what.capitalize()} by result",
        description=description,
        spec=spec_over_time(description, layers, 170, end_s),
        table=over_time,
    )


def _offered(due: pd.DataFrame, end_s: float) -> list[Spec]:
    """A line over the bars, as high as what was due in the time of each.

    A second one, dashed, when some of it found every client busy.
    """
    last = due.tail(1).assign(at_s=end_s)  # it goes on to the end of the last bin
    line = {"type": "line", "interpolate": "step-after", "color": "var(--fg)", "strokeWidth": 1.2}
    encoding = {
        "x": time("at_s"),
        "y": {"field": "due", "type": "quantitative"},
        "tooltip": tip(("at_s", "From (s)", ".1f"), ("due", "Due")),
    }
    rows = data(pd.concat([due, last]))
    offered: Spec = {"data": rows, "mark": line, "encoding": encoding}
    layers = [offered]
    if due["no_client"].any():
        late = {**line, "color": "var(--inconclusive)", "strokeDash": [4, 2], "strokeWidth": 2}
        place = {"y": {"field": "no_client", "type": "quantitative"}}
        tooltip = tip(("at_s", "From (s)", ".1f"), ("no_client", "Due, and no client free"))
        without = {**encoding, **place, "tooltip": tooltip}
        layers.append({"data": rows, "mark": late, "encoding": without})
    return layers


def throughput_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """Bytes per second that nodes and clients received."""
    over_time = analysis.series["throughput"]
    if not analysis.findings.recording.pulls or not over_time["bytes_per_s"].max():
        return None
    rows = over_time.assign(mib_per_s=over_time["bytes_per_s"] / (1 << 20))
    encoding: dict[str, Any] = {
        "x": time("at_s"),
        "y": amount("mib_per_s", "MiB/s", format="~s"),
        "tooltip": tip(("at_s", "From (s)", ".1f"), ("mib_per_s", "MiB/s", ",.1f")),
    }
    mark = {
        "type": "area",
        "interpolate": "step-after",
        "color": "var(--part-resolve)",
        "opacity": 0.55,
        "line": {"color": "var(--part-download)", "strokeWidth": 1.5},
    }
    description = "Bytes received by nodes and clients, each transfer spread over its own time."
    layers: list[Spec] = [
        *bands(analysis),
        {"data": data(rows), "mark": mark, "encoding": encoding},
    ]
    return Chart(
        key="throughput",
        title="Throughput",
        description=description,
        spec=spec_over_time(description, layers, 130, end_s),
        table=over_time,
    )
