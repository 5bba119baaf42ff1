"""A trend as lines, as Markdown and as a page."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.figure_comparison import Limits
from harness.analysis.trend import Trend, trend
from harness.report.bundle import javascript
from harness.report.trend_page import trend_markdown, trend_page, trend_text
from tests.analysis.test_trend import nights
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
    path.write_text(trend_page(made(), javascript()), encoding="utf-8")
    document, console, addresses = opened(path, tmp_path)
    assert document.count('class="drawing vega-embed') == 2
    assert (console, addresses) == ("", [])
