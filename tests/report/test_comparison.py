"""A comparison in sentences."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.comparison import Comparison, compare
from harness.analysis.figure_comparison import FigureComparison, Limits
from harness.report import write_reports
from harness.report.comparison import (
    COMPARISON_FILE,
    MINUS,
    comparison_text,
    read_comparison,
    sentence,
    signed,
)
from harness.report.words import NONE
from tests.analysis.test_comparison import FIVE, side, times
from tests.recordings import outage

WORSE = FigureComparison(
    metric="deployment_delay",
    part="during latency-1",
    quantile="p95",
    unit="s",
    change_is="worse",
    a=12.4,
    b=15.1,
    a_runs=5,
    b_runs=5,
    change=0.22,
    low=0.14,
    high=0.31,
)


DURING = "deployment delay p95 during latency-1:"
PERHAPS = "perhaps slower; run more repeats to find out"
ERRORS = replace(WORSE, metric="pull_error_rate", part="before", quantile="", unit="share", a=0)
RATE = replace(WORSE, metric="throughput", part="", quantile="", unit="bytes/s", a=None)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (WORSE, f"{DURING} 12.4 s → 15.1 s, +22 % (+14 % to +31 %): slower"),
        (
            replace(WORSE, change_is="unchanged", change=0.012, low=-0.02, high=0.03, b=12.5),
            f"{DURING} 12.4 s → 12.5 s, +1.2 % ({MINUS}2 % to +3 %): no relevant change",
        ),
        (
            replace(WORSE, change=None, low=None, high=None, note="too few repeats (1 and 1)"),
            f"{DURING} 12.4 s → 15.1 s; too few repeats (1 and 1)",
        ),
        (
            replace(WORSE, at_least=True, part="all", change_is="maybe_worse"),
            f"deployment delay p95: 12.4 s → at least 15.1 s, +22 % (+14 % to +31 %): {PERHAPS}",
        ),
        (
            replace(ERRORS, b=0.2),
            "pull error rate before the faults: 0 % → 20 %, +22 pp (+14 pp to +31 pp): worse",
        ),
        (RATE, f"throughput: {NONE} → 15 B/s, +22 % (+14 % to +31 %): less"),
    ],
)
def test_each_figure_has_its_sentence(one: FigureComparison, expected: str) -> None:
    assert sentence(one) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "±0 %"),
        (0.00049, "±0 %"),
        (-0.1, f"{MINUS}10 %"),
        (0.034, "+3.4 %"),
        (12.5, "+1,250 %"),
    ],
)
def test_changes_have_their_sign_and_two_figures(value: float, text: str) -> None:
    assert signed(value, "s") == text


def test_the_text_says_first_what_matters() -> None:
    """The headline, what is worse, then the rest, the warnings and the limits."""
    found: Comparison = compare(
        side("a", delay=FIVE, errors=(0.1,) * 5),
        side("b", delay=times(FIVE, 1.3), errors=(0.1,) * 5),
        Limits(),
    )
    lines = comparison_text(found).splitlines()
    assert lines[0] == "Regression: 1 of 2 figures became worse, 5 runs of b against 5 runs of a."
    assert lines[2].startswith(
        "WORSE         deployment delay p95 during latency-1: 10.1 s → 13.1 s"
    )
    assert lines[3].startswith("unchanged     pull error rate")
    assert lines[-1].startswith("A change counts from 10 % (5 pp for shares)")


def test_single_runs_are_told_what_would_help() -> None:
    found = compare(side("a", delay=(1.0,)), side("b", delay=(9.0,)), Limits())
    assert comparison_text(found).startswith(
        "Inconclusive: 1 run of b against 1 run of a are too few; run both with --repeat 5 or more."
    )


def test_a_comparison_of_an_older_run_is_read() -> None:
    """Its words for `inconclusive` and `unchanged` were others."""
    found = compare(side("a", delay=FIVE), side("b", delay=FIVE), Limits())
    assert [one.change_is for one in found.figures] == ["unchanged"]
    former = found.as_json() | {"verdict": "cannot_tell"}
    former["figures"] = [{**found.as_json()["figures"][0], "change_is": "alike"}]
    read = Comparison.from_json(former)
    assert (read.verdict, read.figures[0].change_is) == ("inconclusive", "unchanged")


def test_every_format_shows_the_comparison(tmp_path: Path) -> None:
    """The page, Markdown and JUnit, a regression as a failure; an unreadable file is none."""
    folder = outage().write(tmp_path / "run")
    found = compare(side("a<b>", delay=FIVE), side("b", delay=times(FIVE, 1.3)), Limits())
    (folder / COMPARISON_FILE).write_text(json.dumps(found.as_json()), encoding="utf-8")
    write_reports(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Compared with a&lt;b&gt;" in page
    assert "+30 % (+26 % to +34 %)" in page
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "Regression: 1 of 1 figures became worse, 5 runs of b against 5 runs of a&lt;b" in text
    junit = (folder / "junit.xml").read_text(encoding="utf-8")
    assert f'<failure type="regression" message="{sentence(found.figures[0])}"' in junit
    (folder / COMPARISON_FILE).write_text("{}", encoding="utf-8")
    assert read_comparison(folder) is None
