"""Every pod, pull or push as a point: at its time, as high as it took."""

from dataclasses import dataclass
from typing import Final

from harness.analysis import Analysis
from harness.report.charts.drawing import (
    Chart,
    Spec,
    amount,
    bands,
    data,
    limits,
    scale,
    spec_over_time,
    time,
    tip,
)
from harness.report.charts.palette import PHASES


@dataclass(frozen=True, kw_only=True)
class _Points:
    """What is drawn: the columns of its moment and height, words for it, and its metric."""

    key: str
    title: str
    description: str
    at: str
    height: str
    axis: str
    good: str
    bad: str
    about: tuple[tuple[str, str] | tuple[str, str, str], ...]
    metric: str


_PODS: Final = _Points(
    key="delay_points",
    title="Deployment delay of each pod",
    description="Each point is a pod at the time it was created; its height is how long it took to "
    "become Ready. Shaded: a fault was active.",
    at="created_s",
    height="wait_s",
    axis="Delay (s)",
    good="ready",
    bad="never ready (waited so far)",
    about=(("pod", "Pod"), ("node", "Node"), ("created_s", "Created (s)", ".1f")),
    metric="deployment_delay",
)
_PULLS: Final = _Points(
    key="pull_points",
    title="Duration of each pull",
    description="Each point is a pull at the time it was due; its height is how long it took from "
    "then to its end. Shaded: a fault was active.",
    at="due_s",
    height="took_s",
    axis="Duration (s)",
    good="ok",
    bad="failed or unfinished",
    about=(("image", "Image"), ("node", "Node"), ("cause", "Cause"), ("due_s", "Due (s)", ".1f")),
    metric="pull_duration",
)
_PUSHES: Final = _Points(
    key="push_points",
    title="Duration of each push",
    description=_PULLS.description.replace("a pull", "a push"),
    at="due_s",
    height="took_s",
    axis="Duration (s)",
    good="ok",
    bad="failed or unfinished",
    about=(("repository", "Repository"), *_PULLS.about[1:]),
    metric="",
)


def delay_points_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """Every pod at its creation, as high as its delay."""
    return _points_chart(_PODS, analysis, end_s)


def pull_points_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """Every pull when it was due, as high as its duration."""
    return _points_chart(_PULLS, analysis, end_s)


def push_points_chart(analysis: Analysis, end_s: float) -> Chart | None:
    """Every push when it was due, as high as its duration."""
    return _points_chart(_PUSHES, analysis, end_s)


def _points_chart(what: _Points, analysis: Analysis, end_s: float) -> Chart | None:
    points = analysis.series[what.key]
    if points.empty:
        return None
    result = points["outcome"].eq("ok").map({True: what.good, False: what.bad})
    shapes = {"domain": [what.good, what.bad], "range": ["circle", "triangle-up"]}
    grey: Spec = {"symbolFillColor": "var(--muted)", "symbolStrokeColor": "var(--muted)"}
    encoding = {
        "x": time(what.at),
        "y": amount(what.height, what.axis),
        "color": {
            "field": "phase",
            "type": "nominal",
            "scale": scale(PHASES, points["phase"].unique().tolist()),
        },
        "shape": {
            "field": "result",
            "type": "nominal",
            "scale": shapes,
            "legend": {"labelLimit": 240, **grey} if result.ne(what.good).any() else None,
        },
        "tooltip": tip(
            *what.about,
            ("phase", "Phase"),
            ("result", "Result"),
            (what.height, what.axis, ".2f"),
        ),
    }
    mark = {"type": "point", "filled": True, "size": 46, "opacity": 0.75}
    cloud = {"data": data(points.assign(result=result)), "mark": mark, "encoding": encoding}
    layers = [*bands(analysis), *limits(analysis.findings, "y", what.metric), cloud]
    return Chart(
        key=what.key,
        title=what.title,
        description=what.description,
        spec=spec_over_time(what.description, layers, 240, end_s),
        table=points,
    )
