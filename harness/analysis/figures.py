"""The figures of one run that can be compared with those of another: one number a run each."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from harness.recording.metrics import samples_needed

Unit = Literal["s", "share", "bytes/s"]
Scale = Literal["ratio", "points"]

_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95}  # p99 is one pod of a hundred
_OF_PULLS: Final = {"p50": 0.5, "p95": 0.95}
MOST_SUBSETS: Final = 8  # images or rollouts that are compared one by one
SHORTEST_S: Final = 0.01  # below this, times are taken as alike: the clock of a busy machine


@dataclass(frozen=True, kw_only=True, order=True)
class FigureName:
    """Which figure it is: `metric` of the harness's words, `part` of the run, `quantile` or ""."""

    metric: str
    part: str = ""
    quantile: str = ""

    @property
    def key(self) -> str:
        """`deployment_delay/latency-1/p95`: how a baseline's file names it.

        A part with a slash in it (`image team/app`) keeps the slash behind it without a quantile.
        """
        key = f"{self.metric}/{self.part}/{self.quantile}"
        return key if "/" in self.part else key.rstrip("/")

    @classmethod
    def of(cls, key: str) -> "FigureName":
        """The name behind a key."""
        metric, _, rest = key.partition("/")
        part, _, quantile = rest.rpartition("/") if "/" in rest else (rest, "", "")
        return cls(metric=metric, part=part, quantile=quantile)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number of one run. `at_least`: it is only known to be no less (something never ended).

    `samples`: what it was computed from; `enough`: whether those can carry it.
    """

    value: float
    samples: int
    at_least: bool = False
    enough: bool = True


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a metric is compared: its unit, whether more of it is worse, and on which scale."""

    unit: Unit
    more_is_worse: bool
    scale: Scale


KINDS: Final[Mapping[str, Kind]] = {
    "deployment_delay": Kind(unit="s", more_is_worse=True, scale="ratio"),
    "recovery_time": Kind(unit="s", more_is_worse=True, scale="ratio"),
    "first_success_time": Kind(unit="s", more_is_worse=True, scale="ratio"),
    "pull_duration": Kind(unit="s", more_is_worse=True, scale="ratio"),
    "pods_ready": Kind(unit="share", more_is_worse=False, scale="points"),
    "pull_error_rate": Kind(unit="share", more_is_worse=True, scale="points"),
    "push_error_rate": Kind(unit="share", more_is_worse=True, scale="points"),
    "throughput": Kind(unit="bytes/s", more_is_worse=False, scale="ratio"),
}


# How late the load generator was is no figure of the registry's. It tells whether the machine was
# as free as the other time, so it is compared apart, as a control.
CONTROL: Final = FigureName(metric="generator_lateness")
_CONTROL_KIND: Final = Kind(unit="s", more_is_worse=True, scale="ratio")
_SHORTEST_LATENESS_S: Final = 0.0005


def kind_of(metric: str) -> Kind | None:
    """How a metric is compared, the control included; None for one that is not known."""
    return _CONTROL_KIND if metric == CONTROL.metric else KINDS.get(metric)


def scaled(metric: str, value: float) -> float:
    """`value` so that larger is worse and differences mean the same everywhere.

    Times and rates by their logarithm (a difference is a ratio), shares as they are.
    """
    kind = KINDS[metric]
    number = on_scale(kind, value)
    return number if kind.more_is_worse else -number


def on_scale(kind: Kind, value: float) -> float:
    """`value` so that differences mean the same everywhere: its logarithm, or itself."""
    shortest = SHORTEST_S if kind.unit == "s" else 1.0
    return math.log(max(value, shortest)) if kind.scale == "ratio" else value


def off_scale(kind: Kind, shift: float) -> float:
    """A shift as people read it: relative, or a difference of shares."""
    return math.expm1(shift) if kind.scale == "ratio" else shift


def figures(findings: Mapping[str, Any]) -> dict[FigureName, Figure]:
    """Every comparable figure of the content of one `findings.json`.

    Of the delay: all pods, those before and after the faults, those that met each fault, and those
    of each image and rollout.
    """
    return dict(
        (
            *_delays(findings),
            *_recoveries(findings),
            *_ready(findings),
            *_rates(findings, "pulls", "pull_error_rate"),
            *_rates(findings, "pushes", "push_error_rate"),
            *_durations(findings),
            *_throughput(findings),
            *_breakdown(findings),
            *_control(findings),
        )
    )


_Named = tuple[FigureName, Figure]


def _quantile(found: Mapping[str, Any], samples: int, quantile: float) -> Figure | None:
    """The figure of a quantile as `findings.json` has it; None when there is no number at all."""
    value, more_than = found["value_s"], found["more_than_s"]
    known = more_than if value is None else value
    if known is None:
        return None
    return Figure(
        value=known,
        samples=samples,
        at_least=value is None,
        enough=samples >= samples_needed(quantile),
    )


def _delays(findings: Mapping[str, Any]) -> Iterator[_Named]:
    for one in findings["delay"]:
        if one["population"] != "all" or (one["group"], one["name"]) == ("phase", "during"):
            continue
        for quantile, share in _QUANTILES.items():
            figure = _quantile(one[quantile], one["pods"], share)
            if figure:
                part = f"during {one['name']}" if one["group"] == "fault" else one["name"]
                name = FigureName(metric="deployment_delay", part=part, quantile=quantile)
                yield name, figure


def _recoveries(findings: Mapping[str, Any]) -> Iterator[_Named]:
    """The slowest heal of each fault, and its first success."""
    by_fault: dict[str, list[Mapping[str, Any]]] = {}
    for one in findings["recovery"]:
        by_fault.setdefault(one["fault"], []).append(one)
    for fault, heals in by_fault.items():
        yield from _slowest(heals, f"after {fault}")
        tried = [one["first_success_wait_s"] for one in heals if one["tried_again"]]
        if tried and None not in tried:
            figure = Figure(value=max(tried), samples=len(tried))
            yield FigureName(metric="first_success_time", part=f"after {fault}"), figure


def _slowest(heals: Sequence[Mapping[str, Any]], part: str) -> Iterator[_Named]:
    waited = [one for one in heals if one["pods_waiting"]]
    if waited:
        known = max(_either(one["recovery_wait_s"], one["more_than_s"]) for one in waited)
        never = any(one["recovery_wait_s"] is None for one in waited)
        figure = Figure(value=known, samples=len(waited), at_least=never)
        yield FigureName(metric="recovery_time", part=part), figure


def _breakdown(findings: Mapping[str, Any]) -> Iterator[_Named]:
    """Of each image, and of each rollout unless every rollout has an image of its own.

    None of those that are too many: each figure that is looked at makes the others less certain.
    """
    rows = [one for one in findings.get("breakdown", ()) if not one["phase"]]
    images = [one for one in rows if one["group"] == "image"]
    rollouts = [one for one in rows if one["group"] == "rollout"]
    if len(rollouts) == sum(bool(one["pods"]) for one in images):
        rollouts = []
    for one in (*_unless_many(images), *_unless_many(rollouts)):
        part = f"{one['group']} {one['name']}"
        yield from _of_subset(one, part)
        heals = findings["recovery_breakdown"]
        mine = [it for it in heals if (it["group"], it["name"]) == (one["group"], one["name"])]
        yield from _slowest(mine, part)


def _unless_many(rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return rows if len(rows) <= MOST_SUBSETS else []


def _of_subset(one: Mapping[str, Any], part: str) -> Iterator[_Named]:
    for quantile, share in _QUANTILES.items():
        if figure := _quantile(one[quantile], one["pods"], share):
            yield FigureName(metric="deployment_delay", part=part, quantile=quantile), figure
    if one["pull_error_rate"] is not None:
        figure = Figure(value=one["pull_error_rate"], samples=one["pulls"])
        yield FigureName(metric="pull_error_rate", part=part), figure
    for quantile, share in _OF_PULLS.items():
        if figure := _quantile(one[f"pull_{quantile}"], one["pulls_ok"], share):
            yield FigureName(metric="pull_duration", part=part, quantile=quantile), figure


def _either(value: float | None, more_than: float | None) -> float:
    return value if value is not None else more_than or 0.0


def _ready(findings: Mapping[str, Any]) -> Iterator[_Named]:
    for one in findings["delay"]:
        if (one["group"], one["population"]) == ("all", "all") and one["pods"]:
            figure = Figure(value=one["ready"] / one["pods"], samples=one["pods"])
            yield FigureName(metric="pods_ready", part="all"), figure


def _rates(findings: Mapping[str, Any], table: str, metric: str) -> Iterator[_Named]:
    for one in findings[table]:
        if one["phase"] and one["error_rate"] is not None:
            figure = Figure(value=one["error_rate"], samples=one[table])
            yield FigureName(metric=metric, part=one["phase"]), figure


def _durations(findings: Mapping[str, Any]) -> Iterator[_Named]:
    """Of the pulls that succeeded; the others are in the error rate.

    Raises KeyError for findings without service time: their durations began at the first request.
    """
    for one in findings["pulls"]:
        one["service_p50"]
        for quantile, share in _OF_PULLS.items():
            figure = _quantile(one[f"ok_{quantile}"], one["ok"], share)
            if one["phase"] and figure:
                name = FigureName(metric="pull_duration", part=one["phase"], quantile=quantile)
                yield name, figure


def _throughput(findings: Mapping[str, Any]) -> Iterator[_Named]:
    value = findings["throughput"]["mean_bytes_per_s"]
    if value is not None:
        yield FigureName(metric="throughput"), Figure(value=value, samples=1)


def _control(findings: Mapping[str, Any]) -> Iterator[_Named]:
    """The geometric mean of the lateness's median and 99th percentile: usual and worst in one."""
    load = findings["load"]
    p50, p99 = load["lateness_p50_s"], load["lateness_p99_s"]
    if p50 is not None and p99 is not None:
        usual, worst = (max(one, _SHORTEST_LATENESS_S) for one in (p50, p99))
        yield CONTROL, Figure(value=math.sqrt(usual * worst), samples=load["lateness_samples"])
