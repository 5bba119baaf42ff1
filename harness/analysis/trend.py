"""Nightly runs in their order: every figure as a series, and where it changed its level."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np

from harness.analysis.comparability import changed_keys
from harness.analysis.figure_comparison import Limits
from harness.analysis.figures import FigureName, kind_of
from harness.analysis.json_values import plain
from harness.analysis.level_changes import LevelChange, Series
from harness.analysis.run_figures import RunFigures

FORMAT: Final = 1
FEWEST_NIGHTS: Final = 3  # of a figure that is worth a line


@dataclass(frozen=True, kw_only=True)
class Night:
    """One point of the series: a run, or the repeats of one group."""

    started: str
    run_ids: tuple[str, ...]
    verdict: str
    unfit: int  # runs of it that say nothing about the registry
    limited_by: str  # as `verdict`: the different ones of its runs
    pool_exhausted: int  # arrivals of its runs that found every client busy


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What was changed on purpose before night `at`. `breaks`: earlier nights measured else."""

    at: int
    text: str
    breaks: bool


@dataclass(frozen=True, kw_only=True)
class FigureTrend:
    """One figure: its value of each night (null where there is none), and its changes.

    `searched_nights`: those with a value since the last mark that breaks the series. `perhaps` and
    `needs_nights`: see harness.analysis.level_changes.
    """

    metric: str
    part: str
    quantile: str
    unit: str
    nightly: tuple[float | None, ...]
    changes: tuple[LevelChange, ...]
    perhaps: LevelChange | None
    searched_nights: int
    needs_nights: int | None


@dataclass(frozen=True, kw_only=True)
class ScenarioTrend:
    """A scenario on one cluster provider, night by night."""

    scenario: str
    cluster: str
    nights: tuple[Night, ...]
    marks: tuple[Mark, ...]
    figures: tuple[FigureTrend, ...]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Every scenario of a folder."""

    folder: str
    minimum_effect: float
    minimum_points: float
    scenarios: tuple[ScenarioTrend, ...]
    format: int = field(default=FORMAT)

    def as_json(self) -> dict[str, Any]:
        """This as plain JSON values."""
        values: dict[str, Any] = plain(asdict(self))
        return values


def trend(folder: str, runs: Sequence[RunFigures], limits: Limits) -> Trend:
    """The series of `runs`, whatever their order, by scenario and cluster provider."""
    kinds: dict[tuple[str, str], list[RunFigures]] = {}
    begun = [run for run in runs if run.started]  # the others left nothing but a folder
    for run in sorted(begun, key=lambda run: (run.started, run.run_id)):
        kinds.setdefault((run.scenario, run.cluster), []).append(run)
    return Trend(
        folder=folder,
        minimum_effect=limits.effect,
        minimum_points=limits.points,
        scenarios=tuple(_scenario(*kind, kinds[kind], limits) for kind in sorted(kinds)),
    )


def _scenario(
    scenario: str, cluster: str, runs: Sequence[RunFigures], limits: Limits
) -> ScenarioTrend:
    nights = _nights(runs)
    marks = tuple(_marks(nights))
    first = max((mark.at for mark in marks if mark.breaks), default=0)
    names = _names(nights)
    figures = [_figure(name, nights, first, len(names), limits) for name in names]
    figures.sort(key=lambda one: (not one.changes, one.perhaps is None))
    return ScenarioTrend(
        scenario=scenario,
        cluster=cluster,
        nights=tuple(_night(night) for night in nights),
        marks=marks,
        figures=tuple(figures),
    )


_Night = tuple[RunFigures, ...]


def _nights(runs: Sequence[RunFigures]) -> list[_Night]:
    """Repeats of one group are one night; nights in the order in which they began."""
    groups: dict[str, list[RunFigures]] = {}
    for run in runs:
        groups.setdefault(run.group or run.run_id, []).append(run)
    return [tuple(group) for group in groups.values()]


def _night(runs: _Night) -> Night:
    verdicts = dict.fromkeys(run.verdict for run in runs)
    limits = dict.fromkeys(run.limited_by for run in runs if run.limited_by)
    return Night(
        started=runs[0].started,
        run_ids=tuple(run.run_id for run in runs),
        verdict=" ".join(verdicts),
        unfit=sum(bool(run.unfit) for run in runs),
        limited_by=", ".join(limits),
        pool_exhausted=sum(run.pool_exhausted for run in runs),
    )


def _marks(nights: Sequence[_Night]) -> Iterator[Mark]:
    """Where the experiment itself, or a version, was another than the night before."""
    for at, (before, after) in enumerate(pairwise(nights), start=1):
        was, now = before[-1], after[0]
        old, new = was.scenario_sha256, now.scenario_sha256
        if old != new and "" not in (old, new):
            text = f"scenario content changed: {changed_keys(was, now)}"
            yield Mark(at=at, text=text, breaks=True)
        for what in ("seed", "registry"):
            old, new = str(getattr(was, what)), str(getattr(now, what))
            if old != new and "" not in (old, new):
                text = f"{what} changed: {old} \N{RIGHTWARDS ARROW} {new}"
                yield Mark(at=at, text=text, breaks=True)
        for text in _versions(was.versions, now.versions):
            yield Mark(at=at, text=text, breaks=False)


def _versions(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for package in sorted({*was, *now}):
        old, new = was.get(package, "none"), now.get(package, "none")
        if old != new:
            yield f"{package} {old} \N{RIGHTWARDS ARROW} {new}"


def _names(nights: Sequence[_Night]) -> list[FigureName]:
    """The figures with nights enough; a p90 only where no p95 has as many."""
    counts: dict[FigureName, int] = {}
    for night in nights:
        for name in {name for run in night for name in run.figures if _counts(run, name)}:
            counts[name] = counts.get(name, 0) + 1
    known = {name: count for name, count in counts.items() if count >= FEWEST_NIGHTS}
    return [
        name
        for name in sorted(known)
        if name.quantile != "p90"
        or known.get(FigureName(metric=name.metric, part=name.part, quantile="p95"), 0)
        < known[name]
    ]


def _counts(run: RunFigures, name: FigureName) -> bool:
    return not run.unfit and run.figures[name].enough and kind_of(name.metric) is not None


def _figure(
    name: FigureName, nights: Sequence[_Night], first: int, family: int, limits: Limits
) -> FigureTrend:
    kind = kind_of(name.metric)
    assert kind is not None, "_names leaves out what is not known"
    values = [_value(name, night) for night in nights]
    known = [(at, value) for at, value in enumerate(values) if value is not None and at >= first]
    series = Series(
        kind=kind,
        values=np.array([value for _, value in known]),
        nights=tuple((at, nights[at][0].started) for at, _ in known),
    )
    typical = float(np.median(series.values)) if known else None
    found = series.search(family, limits.shift(name.metric, typical))
    return FigureTrend(
        metric=name.metric,
        part=name.part,
        quantile=name.quantile,
        unit=kind.unit,
        nightly=tuple(values),
        **vars(found),
    )


def _value(name: FigureName, night: _Night) -> float | None:
    """The median over the repeats of a night."""
    known = [run.figures[name].value for run in night if name in run.figures and _counts(run, name)]
    return float(np.median(known)) if known else None
