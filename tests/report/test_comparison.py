"""A comparison in sentences."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.comparison import Comparison, compare
from harness.analysis.figure_comparison import FigureComparison, Limits
from harness.report.changes import MINUS, change_between, in_three_figures, signed
from harness.report.comparison import (
    COMPARISON_FILE,
    comparison_text,
    read_comparison,
    sentence,
)
from tests.analysis.test_comparison import FIVE, side, times
from tests.recordings import outage, reported

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
RATE = replace(WORSE, metric="throughput", part="", quantile="", unit="bytes/s")
RATE = replace(RATE, a=12.4 * 2**20, b=15.1 * 2**20)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (WORSE, f"{DURING} 12.4 s → 15.1 s, +22 % (+14 % to +31 %): slower"),
        (
            replace(WORSE, change_is="unchanged", change=0.012, low=-0.02, high=0.03, b=12.5),
            f"{DURING} 12.4 s → 12.5 s, +0.8 % ({MINUS}2 % to +3 %): no relevant change",
        ),
        (
            replace(WORSE, a=1.28, b=1.89, change=0.4766, low=0.4768, high=0.5),
            f"{DURING} 1.28 s → 1.89 s, +48 % (+48 % to +50 %): slower",
        ),
        (
            replace(WORSE, a=0.0, b=0.32, change=31, low=30, high=32),
            f"{DURING} 0 s → 320 ms, +320 ms: slower",
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
            "pull error rate before the faults: 0 % → 20 %, +20 pp (+14 pp to +31 pp): worse",
        ),
        (
            replace(RATE, a=12.4 * 2**20, b=15.1 * 2**20),
            "throughput: 12.4 MiB/s → 15.1 MiB/s, +22 % (+14 % to +31 %): less",
        ),
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


@given(
    st.floats(0.0005, 1e5),
    st.floats(0.0005, 1e5),
    st.sampled_from(["s", "share", "bytes/s"]),
)
def test_a_percentage_belongs_to_the_numbers_beside_it(a: float, b: float, unit: str) -> None:
    """Whoever computes it from what stands there gets what stands there, rounding included."""
    size = {"s": 1, "share": 1e-5, "bytes/s": 2e6}[unit]
    a, b = a * size, b * size
    old, new = (_read(in_three_figures(one, unit)) for one in (a, b))
    change = new - old if unit == "share" else (new / old - 1) * 100
    shown = change_between(a, b, unit).replace(MINUS, "-").replace("±", "").replace(",", "")
    number, sign = shown.split(" ")
    assert sign == ("pp" if unit == "share" else "%")
    assert float(number) == pytest.approx(change, abs=0.051 if abs(change) < 9.95 else 0.51)


def _read(text: str) -> float:
    """The number in `1.28 s`, `320 ms`, `12.4 MiB/s` or `< 0.1 %`."""
    words = text.removeprefix("> ").removeprefix("< ").split(" ")
    factors = {"ms": 1e-3, "KiB/s": 2**10, "MiB/s": 2**20, "GiB/s": 2**30}
    edge = {"> 99.9 %": 100.0, "< 0.1 %": 0.0}
    return edge.get(text, float(words[0].replace(",", "")) * factors.get(words[1], 1))


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
    reported(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Compared with a&lt;b&gt;" in page
    assert "+30 % (+26 % to +34 %)" in page
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "Regression: 1 of 1 figures became worse, 5 runs of b against 5 runs of a&lt;b" in text
    junit = (folder / "junit.xml").read_text(encoding="utf-8")
    assert f'<failure type="regression" message="{sentence(found.figures[0])}"' in junit
    (folder / COMPARISON_FILE).write_text("{}", encoding="utf-8")
    assert read_comparison(folder) is None
