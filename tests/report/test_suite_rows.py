"""Repeats as medians, and their verdicts as the worst of them."""

from dataclasses import fields, replace
from typing import Any

import pytest

from harness.report.suite import total_text, verdict_text
from harness.report.suite_rows import RunRow, SuiteRow, suite_rows

NOTHING: dict[str, Any] = {field.name: None for field in fields(RunRow)}
BLANK = RunRow(**(NOTHING | {"pods": 4, "pods_never_ready": 0, "compared": ""}))
RUN = replace(
    BLANK,
    scenario="latency",
    run_id="r",
    repeat=1,
    group="g",
    fault="latency-1",
    duration_s=10.0,
    verdict="pass",
    exit_code=0,
    folder="1",
)


def of_repeats(*changes: dict[str, Any]) -> SuiteRow:
    runs = [
        replace(RUN, repeat=number, folder=str(number), **change)
        for number, change in enumerate(changes, start=1)
    ]
    (row,) = suite_rows(runs)
    return row


@pytest.mark.parametrize(
    ("values", "median"),
    [
        ([(1.0, None), (2.0, None), (9.0, None)], (2.0, None)),
        ([(1.0, None), (3.0, None)], (2.0, None)),
        ([(1.0, None), (2.0, None), (None, 60.0)], (2.0, None)),
        ([(1.0, None), (None, 60.0), (None, 60.0)], (None, 60.0)),
        ([(1.0, None), (None, 61.0)], (None, 31.0)),
        ([(1.0, None), (None, None)], (1.0, None)),
        ([(None, None)], (None, None)),
    ],
)
def test_a_delay_that_never_ended_is_longer_than_its_median(
    values: list[tuple[float | None, float | None]], median: tuple[float | None, float | None]
) -> None:
    """Runs without pods have none, and an even number lies between two."""
    row = of_repeats(
        *({"delay_p95_s": value, "delay_p95_more_than_s": beyond} for value, beyond in values)
    )
    assert (row.delay_p95_s, row.delay_p95_more_than_s) == median


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "inconclusive", "pass"], "inconclusive"),
        (["pass", "inconclusive", "fail"], "fail"),
        (["aborted", "fail"], "fail"),
        (["fail", "environment"], "environment"),
    ],
)
def test_the_verdict_is_the_worst_and_each_is_counted(verdicts: list[str], worst: str) -> None:
    row = of_repeats(*({"verdict": verdict} for verdict in verdicts))
    assert row.verdict == worst
    assert sum(row.verdicts.values()) == len(verdicts)


def test_a_repeat_that_came_to_nothing_belongs_to_the_faults_of_the_others() -> None:
    """Its numbers are none; that it was run is counted for each fault."""
    lost = replace(RUN, repeat=2, folder="2", fault="", verdict="environment", exit_code=None)
    rows = suite_rows([RUN, replace(RUN, fault="errors-1"), lost])
    assert [(row.fault, row.repeats, row.verdict) for row in rows] == [
        ("latency-1", 2, "environment"),
        ("errors-1", 2, "environment"),
    ]
    assert [row.pods for row in rows] == [4, 4]


def test_runs_that_are_no_repeats_have_a_row_each() -> None:
    """Also of one scenario."""
    rows = suite_rows([replace(RUN, group="", folder=it) for it in ("a", "b")])
    assert [row.repeats for row in rows] == [1, 1]


def test_a_regression_against_a_baseline_is_in_the_table_and_its_total() -> None:
    """Whatever the expectations of the runs say."""
    row = of_repeats({}, {"compared": "regression"})
    assert (row.verdict, verdict_text(row)) == ("pass", "pass, regression")
    assert total_text([row]) == "1 scenario, 2 runs, 20.0 s: 2 pass; 1 regression"
