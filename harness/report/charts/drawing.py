"""What every chart is made of: Vega-Lite as plain data, bands of faults, limits, tooltips.

Plain data rather than Altair's classes, whose import alone takes a third of the time that a
report may take; the tests hold every specification against Altair's schema instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from harness.analysis import Analysis
from harness.analysis.findings import ExpectationFinding, Findings
from harness.analysis.frames import records
from harness.analysis.json_values import plain
from harness.report.charts.palette import CONFIG
from harness.report.words import xml_text

Spec = dict[str, Any]

_LONGEST_NAME: Final = 100
AXIS_WIDTH: Final = 64  # of every chart over time, so that their seconds lie below each other


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing, what it says in words, and the numbers it was drawn from."""

    key: str
    title: str
    description: str
    spec: Spec
    table: pd.DataFrame = field(repr=False)


def spec(description: str, layers: Sequence[Spec], height: int) -> Spec:
    """A chart of `layers`, as wide as its place in the page."""
    return {
        "description": description,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 2, "right": 12, "top": 4, "bottom": 2},
        "layer": list(layers),
        "config": CONFIG,
    }


def spec_over_time(description: str, layers: Sequence[Spec], height: int, end_s: float) -> Spec:
    """A chart over the run's time; the page moves all of them together by `from_s` and `to_s`."""
    clipped = [
        layer | {"mark": layer["mark"] | {"clip": "x" in layer["encoding"]}} for layer in layers
    ]
    seen = [{"name": "from_s", "value": 0}, {"name": "to_s", "value": end_s}]
    return spec(description, clipped, height) | {"params": seen}


def data(frame: pd.DataFrame) -> Spec:
    """The rows of `frame` as values."""
    return {"values": plain(records(frame))}


def drawable_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with every text fit to be drawn: no control characters, and not endless."""
    texts = [name for name in frame.columns if frame[name].dtype in ("str", "object")]
    return frame.assign(
        **{
            name: frame[name].map(lambda text: drawable(text) if isinstance(text, str) else text)
            for name in texts
        }
    )


def drawable(text: str) -> str:
    """`text` as a name that can be drawn."""
    known = xml_text(text[:_LONGEST_NAME], "\N{REPLACEMENT CHARACTER}")
    return known if len(text) <= _LONGEST_NAME else f"{known}…"


def time(name: str, title: str | None = "Seconds since the run began") -> Spec:
    return {
        "field": name,
        "type": "quantitative",
        "scale": {"domain": [{"expr": "from_s"}, {"expr": "to_s"}], "nice": False},
        "axis": {"title": title, "grid": False, "tickCount": {"expr": "max(3, width / 80)"}},
    }


def amount(name: str, title: str, **axis: Any) -> Spec:
    room: Spec = {"minExtent": AXIS_WIDTH, "maxExtent": AXIS_WIDTH}
    if "values" not in axis:  # Vega thins the values of an axis that has a count, too
        room["tickCount"] = 4
    return {
        "field": name,
        "type": "quantitative",
        "axis": {"title": title, "domain": False, "ticks": False, **room, **axis},
    }


def scale(colours: Mapping[str, str], present: Sequence[str]) -> Spec:
    kept = [name for name in colours if name in set(present)]
    return {"domain": kept, "range": [colours[name] for name in kept]}


def tip(*fields: tuple[str, str] | tuple[str, str, str]) -> list[Spec]:
    return [
        {"field": name, "title": title, "type": "quantitative", "format": form[0]}
        if form
        else {"field": name, "title": title, "type": "nominal"}
        for name, title, *form in fields
    ]


def bands(analysis: Analysis) -> list[Spec]:
    """Shades the time of every fault behind the data."""
    faults = analysis.series["faults"]
    if faults.empty:
        return []
    encoding = {"x": time("start_s"), "x2": {"field": "end_s"}}
    mark = {"type": "rect", "color": "var(--band)", "opacity": 1, "tooltip": None}
    return [{"data": data(faults[["start_s", "end_s"]]), "mark": mark, "encoding": encoding}]


def limits(findings: Findings, axis: str, metric: str = "deployment_delay") -> list[Spec]:
    """A dashed line at each limit of `metric`."""
    kept = [one for one in findings.expectations if one.metric == metric]
    if not kept:
        return []
    values = [{"limit": one.limit, "label": _limit_label(one)} for one in kept]
    position = {"field": "limit", "type": "quantitative"}
    rule = {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.2, "color": "var(--limit)"}
    text = {"type": "text", "color": "var(--limit)", "align": "right", "dx": -4, "dy": -5}
    text |= {"x": "width"} if axis == "y" else {"y": 0, "align": "left", "dx": 4, "dy": 8}
    label = {axis: position, "text": {"field": "label", "type": "nominal"}}
    return [
        {"data": {"values": values}, "mark": rule, "encoding": {axis: position}},
        {"data": {"values": values}, "mark": text, "encoding": label},
    ]


def _limit_label(one: ExpectationFinding) -> str:
    quantile = "" if one.quantile is None else f"p{one.quantile * 100:g}"
    return drawable(" ".join(filter(None, ("limit", quantile, one.image, one.rollout, one.phase))))
