"""A trend as a page, as Markdown, and as lines for a terminal."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from harness.analysis.level_changes import PERHAPS_LEVEL, LevelChange
from harness.analysis.trend import FEWEST_NIGHTS, FigureTrend, ScenarioTrend, Trend
from harness.report.changes import change_between, in_three_figures, signed
from harness.report.charts.trend_chart import trend_chart
from harness.report.comparison import figure_title
from harness.report.html import PAGE_FOLDER, script_hash, templates
from harness.report.markdown_table import escaped, table
from harness.report.text import one_line
from harness.report.words import NONE, percent

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
    latest = one.perhaps or (one.changes[-1] if one.changes else None)
    return TrendRow(
        tone=_tone(one),
        name=figure_title(one.metric, one.part, one.quantile),
        nights=f"{len(known):,}",
        last=in_three_figures(known[-1], one.unit),
        before=NONE if latest is None else in_three_figures(latest.before, one.unit),
        now=NONE if latest is None else in_three_figures(latest.after, one.unit),
        change=_change(one, latest),
        since="" if latest is None else _night(latest.started),
    )


def _tone(one: FigureTrend) -> str:
    if one.perhaps:
        return "inconclusive"
    if one.changes:
        return "fail" if one.changes[-1].worse else "pass"
    return ""


def _change(one: FigureTrend, latest: LevelChange | None) -> str:
    """What became of the level, in a few words, and how many nights would say more."""
    if latest is None:
        return "no change" if one.needs_nights is None else f"too few nights to tell: {_needs(one)}"
    changed = (
        f"{change_between(latest.before, latest.after, one.unit)} "
        f"{'worse' if latest.worse else 'better'}"
    )
    if latest is not one.perhaps:
        return changed
    return f"perhaps {changed}" + (f": {_needs(one)}" if one.needs_nights else "")


def _needs(one: FigureTrend) -> str:
    return f"has {one.searched_nights}, needs {one.needs_nights}"


def _night(started: str) -> str:
    """`2026-11-24 02:00`: minutes are enough for a night."""
    return started[:16].replace("T", " ")


def title_of(trend: ScenarioTrend) -> str:
    """The scenario, and its cluster when that is a real one."""
    return trend.scenario if trend.cluster == "emulated" else f"{trend.scenario} ({trend.cluster})"


def headline(trend: ScenarioTrend) -> str:
    """One sentence: how many nights, what changed in them, and what they are too few for."""
    changed = sum(bool(one.changes) for one in trend.figures)
    perhaps = sum(one.perhaps is not None for one in trend.figures)
    few = [one for one in trend.figures if one.needs_nights and not one.perhaps]
    nights = f"{len(trend.nights)} night{'s' if len(trend.nights) != 1 else ''}"
    unfit = sum(night.unfit for night in trend.nights)
    found = f", {changed} of {len(trend.figures)} figures changed level"
    found += f", {perhaps} perhaps" if perhaps else ""
    if not trend.figures:
        found = f": too few to tell, a figure needs {FEWEST_NIGHTS} to be shown"
    elif len(few) == len(trend.figures):
        found = (
            f": too few to tell, at least {max(one.needs_nights or 0 for one in few)} are needed"
        )
    elif few:
        found += f", too few nights to tell for {len(few)}"
    left_out = f"; {unfit} runs are not comparable and left out" if unfit else ""
    limits = Counter(night.limited_by for night in trend.nights)
    limited = "".join(
        f"; {count} limited by {word}"
        for word, count in limits.most_common()
        if word not in ("", "nothing")
    )
    if exhausted := sum(night.pool_exhausted for night in trend.nights):
        limited += f"; {exhausted:,} arrivals found every client busy"
    return f"{nights}{found}{left_out}{limited}."


def verdict_of(trend: ScenarioTrend) -> tuple[str, str]:
    """One or two words for the newest levels of all figures, the worst first, and their tone."""
    newest = [one.perhaps or one.changes[-1] for one in trend.figures if one.perhaps or one.changes]
    certain = {one.changes[-1].worse for one in trend.figures if one.changes and not one.perhaps}
    if True in certain:
        return "worse", "fail"
    if any(one.perhaps and one.perhaps.worse for one in trend.figures):
        return "perhaps worse", "inconclusive"
    if newest:
        return ("better", "pass") if certain else ("perhaps better", "inconclusive")
    few = not trend.figures or any(one.needs_nights for one in trend.figures)
    return ("too few nights", "inconclusive") if few else ("steady", "pass")


def marks_of(trend: ScenarioTrend) -> tuple[str, ...]:
    """What was changed on purpose, with its night."""
    return tuple(f"{_night(trend.nights[mark.at].started)}: {mark.text}" for mark in trend.marks)


def limits_text(trend: Trend) -> str:
    """What was required of a change before it is marked."""
    points = signed(trend.minimum_points, "share").lstrip("+")
    return (
        f"A level has changed when the nights before and after differ by "
        f"{percent(trend.minimum_effect)} ({points} for shares) and a scan of rank tests finds it; "
        "at most one unchanged scenario in twenty is marked within four months of nightly runs. "
        f"Perhaps: on a given night, at most {percent(PERHAPS_LEVEL)} of unchanged scenarios have "
        "such a figure. The nights that are needed are the fewest, with levels that never overlap."
    )


def trend_text(trend: Trend) -> str:
    """The tables in plain lines."""
    return "\n".join(one_line(line) for line in _lines(trend))


def _lines(trend: Trend) -> Iterator[str]:
    for one in trend.scenarios:
        yield f"{title_of(one)}: {headline(one)}"
        rows = [row.cells() for row in trend_rows(one)]
        widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
        for cells in (_HEAD, *rows) if rows else ():
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


def trend_page(trend: Trend, bundle: str, links: Mapping[str, str] | None = None) -> str:
    """The page, with the drawing library `bundle` inside: opens from disk, without a network.

    `links`: by run id, the address of a run's report as seen from the page.
    """
    script = (PAGE_FOLDER / "report.js").read_text(encoding="utf-8")
    return (
        templates()
        .get_template("trend.html.j2")
        .render(
            folder=trend.folder,
            limits=limits_text(trend),
            scenarios=[_section(number, one) for number, one in enumerate(trend.scenarios)],
            links=links or {},
            style=Markup((PAGE_FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704  ours
            bundle=Markup(bundle),  # noqa: S704  the library's own text, escaped by its maker
            script=Markup(script),  # noqa: S704  ours
            hashes=[script_hash(bundle), script_hash(script)],
        )
    )


def report_links(runs: Mapping[str, Path], page: Path) -> dict[str, str]:
    """From a page at `page` to the report of each run folder that has one, by run id.

    Relative, so that they lead there when the folder of all of them is moved.
    """
    reports = {run_id: folder / "report.html" for run_id, folder in runs.items()}
    start = page.resolve().parent
    return {
        run_id: quote(Path(os.path.relpath(report.resolve(), start)).as_posix())
        for run_id, report in reports.items()
        if report.is_file() and report.resolve().anchor == start.anchor
    }


def _section(number: int, one: ScenarioTrend) -> dict[str, Any]:
    rows = trend_rows(one)
    verdict, tone = verdict_of(one)
    return {
        "title": title_of(one),
        "headline": headline(one),
        "tone": tone,
        "verdict": verdict,
        "marks": marks_of(one),
        "rows": rows,
        "nights": [(_night(night.started), night) for night in reversed(one.nights)],
        "charts": [
            trend_chart(f"trend-{number}-{place}", row.name, figure, one)
            for place, (row, figure) in enumerate(zip(rows, one.figures, strict=True))
        ],
    }
