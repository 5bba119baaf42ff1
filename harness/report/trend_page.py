"""A trend as a page, as Markdown, and as lines for a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from harness.analysis.trend import FigureTrend, LevelChange, ScenarioTrend, Trend
from harness.report.charts.trend_chart import trend_chart
from harness.report.comparison import figure_title, signed
from harness.report.html import PAGE_FOLDER, script_hash, templates
from harness.report.markdown import escaped, table
from harness.report.text import one_line
from harness.report.words import NONE, in_unit, percent

_HEAD: Final = ("Figure", "Nights", "Last night", "Level before", "Level now", "Change", "Since")


@dataclass(frozen=True, kw_only=True)
class TrendRow:
    """One figure as a line of a table, with its latest change. `tone`: fail, pass or ""."""

    tone: str
    name: str
    nights: str
    last: str
    before: str
    now: str
    change: str
    since: str

    def cells(self) -> tuple[str, ...]:
        return (
            *(self.name, self.nights, self.last),
            *(self.before, self.now, self.change, self.since),
        )


def trend_rows(trend: ScenarioTrend) -> tuple[TrendRow, ...]:
    """Every figure of a scenario, those that changed first."""
    return tuple(_row(one) for one in trend.figures)


def _row(one: FigureTrend) -> TrendRow:
    known = [value for value in one.nightly if value is not None]
    latest = one.changes[-1] if one.changes else None
    return TrendRow(
        tone="" if latest is None else "fail" if latest.worse else "pass",
        name=figure_title(one.metric, one.part, one.quantile),
        nights=f"{len(known):,}",
        last=in_unit(known[-1], one.unit),
        before=NONE if latest is None else in_unit(latest.before, one.unit),
        now=NONE if latest is None else in_unit(latest.after, one.unit),
        change="no change" if latest is None else _changed(latest, one.unit),
        since="" if latest is None else _night(latest.started),
    )


def _changed(change: LevelChange, unit: str) -> str:
    return f"{signed(change.change, unit)} {'worse' if change.worse else 'better'}"


def _night(started: str) -> str:
    """`2026-11-24 02:00`: minutes are enough for a night."""
    return started[:16].replace("T", " ")


def title_of(trend: ScenarioTrend) -> str:
    """The scenario, and its cluster when that is a real one."""
    return trend.scenario if trend.cluster == "emulated" else f"{trend.scenario} ({trend.cluster})"


def headline(trend: ScenarioTrend) -> str:
    """One sentence: how many nights, and what changed in them."""
    changed = sum(bool(one.changes) for one in trend.figures)
    nights = f"{len(trend.nights)} night{'s' if len(trend.nights) != 1 else ''}"
    unfit = sum(night.unfit for night in trend.nights)
    left_out = f"; {unfit} runs are not comparable and left out" if unfit else ""
    found = f"{changed} of {len(trend.figures)} figures changed level"
    return f"{nights}, {found}{left_out}."


def marks_of(trend: ScenarioTrend) -> tuple[str, ...]:
    """What was changed on purpose, with its night."""
    return tuple(f"{_night(trend.nights[mark.at].started)}: {mark.text}" for mark in trend.marks)


def limits_text(trend: Trend) -> str:
    """What was asked of a change before it is marked."""
    points = signed(trend.minimum_points, "share").lstrip("+")
    return (
        f"A level has changed when the nights before and after differ by "
        f"{percent(trend.minimum_effect)} ({points} for shares) and a scan of rank tests finds it; "
        "at most one unchanged scenario in twenty is marked within four months of nightly runs."
    )


def trend_text(trend: Trend) -> str:
    """The tables in plain lines."""
    return "\n".join(one_line(line) for line in _lines(trend))


def _lines(trend: Trend) -> Iterator[str]:
    for one in trend.scenarios:
        yield f"{title_of(one)}: {headline(one)}"
        rows = [row.cells() for row in trend_rows(one)]
        widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
        for cells in (_HEAD, *rows):
            name, *others, since = cells
            right = "  ".join(
                cell.rjust(width) for cell, width in zip(others, widths[1:-1], strict=True)
            )
            yield f"  {name.ljust(widths[0])}  {right}  {since}".rstrip()
        yield from (f"  note: {mark}" for mark in marks_of(one))
        yield ""
    yield limits_text(trend)


def trend_markdown(trend: Trend) -> str:
    """The tables for a wiki or a pull request."""
    parts = ["# Trend"]
    for one in trend.scenarios:
        parts += [f"## {escaped(title_of(one))}", escaped(headline(one))]
        parts.append(table(_HEAD, [row.cells() for row in trend_rows(one)]).rstrip("\n"))
        parts += ["\n".join(f"- {escaped(mark)}" for mark in marks_of(one))]
    return "\n\n".join(filter(None, (*parts, escaped(limits_text(trend))))) + "\n"


def trend_page(trend: Trend, bundle: str) -> str:
    """The page, with the drawing library `bundle` inside: opens from disk, without a network."""
    script = (PAGE_FOLDER / "report.js").read_text(encoding="utf-8")
    return (
        templates()
        .get_template("trend.html.j2")
        .render(
            folder=trend.folder,
            limits=limits_text(trend),
            scenarios=[_section(number, one) for number, one in enumerate(trend.scenarios)],
            style=Markup((PAGE_FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704  ours
            bundle=Markup(bundle),  # noqa: S704  the library's own text, escaped by its maker
            script=Markup(script),  # noqa: S704  ours
            hashes=[script_hash(bundle), script_hash(script)],
        )
    )


def _section(number: int, one: ScenarioTrend) -> dict[str, Any]:
    rows = trend_rows(one)
    worse = any(row.tone == "fail" for row in rows)
    changed = any(row.tone for row in rows)
    return {
        "title": title_of(one),
        "headline": headline(one),
        "tone": "fail" if worse else "pass",
        "verdict": "worse" if worse else "better" if changed else "steady",
        "marks": marks_of(one),
        "rows": rows,
        "charts": [
            trend_chart(f"trend-{number}-{place}", row.name, figure, one)
            for place, (row, figure) in enumerate(zip(rows, one.figures, strict=True))
        ],
    }
