"""A trend as lines, as Markdown and as a page."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.figure_comparison import Limits
from harness.analysis.trend import Trend, trend
from harness.report.trend_page import report_links, trend_markdown, trend_page, trend_text
from tests.analysis.test_trend import nights
from tests.recordings import drawing_library
from tests.report.test_page_in_a_browser import CHROMIUM, Tags, opened


def made(folder: str = "reports", scenario: str = "") -> Trend:
    """Thirty nights that became slower in the third week, and a version in between."""
    runs = [run for it in nights([12.0] * 20 + [15.0] * 10) for run in it]
    newer = [
        replace(run, versions={"registry-harness": "0.2.0"} if number >= 9 else run.versions)
        for number, run in enumerate(runs)
    ]
    if scenario:
        newer = [replace(run, scenario=scenario) for run in newer]
    return trend(folder, newer, Limits())


def test_the_lines_say_what_changed_and_since_when() -> None:
    lines = trend_text(made()).splitlines()
    assert lines[0] == "simulated: 30 nights, 1 of 2 figures changed level."
    assert lines[2].split("  ")[1] == "deployment delay p95"
    assert lines[2].endswith("+24 % worse  2026-09-21 02:00")
    assert lines[3].endswith("no change")
    assert "  note: 2026-09-10 02:00: registry-harness 0.1.0 → 0.2.0" in lines


def seventeen() -> Trend:
    """9 nights at 1.28 s and 8 at 1.89 s, and a share that never changes."""
    return trend("reports", [run for it in nights([1.28] * 9 + [1.89] * 8) for run in it], Limits())


def test_what_is_perhaps_a_change_and_what_cannot_be_told_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither is called steady; at a level at which two figures need as many nights as eighteen."""
    monkeypatch.setattr("harness.analysis.level_changes.LEVEL", 0.05 / 9)
    monkeypatch.setattr("harness.analysis.level_changes.PERHAPS_LEVEL", 0.01 / 9)
    lines = trend_text(seventeen()).splitlines()
    assert lines[0] == (
        "simulated: 17 nights, 0 of 2 figures changed level, 1 perhaps, too few nights to tell "
        "for 1."
    )
    assert "perhaps +47 % worse: has 17, needs 18  2026-09-10 02:00" in lines[2]
    assert "too few nights to tell: has 17, needs 18" in lines[3]
    page = trend_page(seventeen(), "/* bundle */")
    assert '<span class="chip">perhaps worse</span>' in page
    assert "steady" not in page


def test_a_few_nights_are_not_called_steady() -> None:
    """Two, of which no figure is shown yet, and five."""
    for count, text in ((2, "a figure needs 3 to be shown"), (5, "at least 14 are needed")):
        runs = [run for it in nights([12.0] * count) for run in it]
        found = trend("reports", runs, Limits())
        assert trend_text(found).splitlines()[0].endswith(f"too few to tell, {text}.")
        page = trend_page(found, "/* bundle */")
        assert '<span class="chip">too few nights</span>' in page


def test_the_first_line_says_what_limited_the_nights() -> None:
    """With the arrivals of all nights that found every client busy."""
    runs = [run for it in nights([12.0] * 4) for run in it]
    limits = ("nothing", "machine", "client pool", "machine")
    found = [
        replace(run, limited_by=word, pool_exhausted=3)
        for run, word in zip(runs, limits, strict=True)
    ]
    line = trend_text(trend("reports", found, Limits())).splitlines()[0]
    assert line.endswith(
        "; 2 limited by machine; 1 limited by client pool; 12 arrivals found every client busy."
    )


def test_the_markdown_is_a_table() -> None:
    text = trend_markdown(made())
    assert "| deployment delay p95 | 30 |" in text
    assert "@" not in trend_markdown(made(scenario="@team"))


def test_the_page_has_a_chart_for_each_figure_and_no_foreign_element() -> None:
    """A hostile name is shown as it is."""
    page = trend_page(made(scenario="<img src=x onerror=alert(1)>"), "/* bundle */")
    seen = Tags(page).seen
    assert seen.count("figure") == 2
    assert "img" not in seen
    assert seen.count("script") == 2 + 2
    assert "+24 % worse" in page


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="neither chromium nor google-chrome is on PATH")
def test_the_page_draws_without_a_network(tmp_path: Path) -> None:
    """In a real browser: every chart is drawn, the console is silent, nothing is asked for."""
    path = tmp_path / "trend.html"
    path.write_text(trend_page(made(), drawing_library()), encoding="utf-8")
    document, console, addresses = opened(path, tmp_path)
    assert document.count('class="drawing vega-embed') == 2
    assert (console, addresses) == ("", [])


def test_each_night_leads_to_its_report_wherever_the_folder_is(tmp_path: Path) -> None:
    """By an address that is relative and escaped; a run without a report has none."""
    folder = tmp_path / "nightly"
    hostile = folder / "a b'><i>:#?" / "first"
    for run in (hostile, folder / "second", folder / "third"):
        run.mkdir(parents=True)
    (hostile / "report.html").touch()
    (folder / "second" / "report.html").touch()
    found = made()
    ids = [night.run_ids[0] for night in found.scenarios[0].nights]
    runs = dict(zip(ids, (hostile, folder / "second", folder / "third"), strict=False))
    links = report_links(runs, folder / "trend.html")
    assert links == {
        ids[0]: "a%20b%27%3E%3Ci%3E%3A%23%3F/first/report.html",
        ids[1]: "second/report.html",
    }
    page = trend_page(found, "", links)
    assert f'<a href="second/report.html">{ids[1]}</a>' in page
    assert f'href="{links[ids[0]]}"' in page
    assert f"{ids[2]} </td>" in page
