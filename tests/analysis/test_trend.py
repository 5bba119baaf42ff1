"""Nightly runs as series."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.analysis.figure_comparison import Limits
from harness.analysis.figures import Figure, FigureName
from harness.analysis.run_figures import RunFigures
from harness.analysis.trend import FigureTrend, ScenarioTrend, trend
from tests.simulated_repeats import EMPTY

DELAY = FigureName(metric="deployment_delay", part="all", quantile="p95")
READY = FigureName(metric="pods_ready", part="all")


def night(number: int, delay_s: float, *, repeats: int = 1, **changed: Any) -> list[RunFigures]:
    """The runs of one night, a second apart from each other in their delay."""
    figures = {READY: Figure(value=1.0, samples=40)}
    return [
        replace(
            EMPTY,
            run_id=f"{number}-{index}",
            group=f"group-{number}" if repeats > 1 else "",
            started=f"2026-{9 + number // 28:02}-{1 + number % 28:02}T02:0{index}:00+00:00",
            figures={DELAY: Figure(value=delay_s + index, samples=40), **figures},
            **changed,
        )
        for index in range(repeats)
    ]


def nights(levels: list[float], seed: int = 1) -> list[list[RunFigures]]:
    noise = np.random.default_rng(seed).normal(1, 0.03, len(levels))
    return [
        night(number, level * float(factor))
        for number, (level, factor) in enumerate(zip(levels, noise, strict=True))
    ]


def scenario_of(found: list[list[RunFigures]]) -> ScenarioTrend:
    (one,) = trend("reports", [run for runs in found for run in runs], Limits()).scenarios
    return one


def test_a_level_that_changed_is_reported_with_its_night() -> None:
    """What changed stands first; what did not has no change."""
    found = scenario_of(nights([12.0] * 20 + [15.0] * 10))
    first, second = found.figures
    assert (first.metric, second.metric, second.changes) == ("deployment_delay", "pods_ready", ())
    (change,) = first.changes
    assert (change.at, change.started[:10], change.worse) == (20, "2026-09-21", True)
    assert change.change == pytest.approx(0.25, abs=0.03)
    assert change.before == pytest.approx(12, abs=0.3)
    assert change.after == pytest.approx(15, abs=0.3)


def test_unchanged_nights_have_no_change() -> None:
    assert not scenario_of(nights([12.0] * 40)).figures[0].changes


def family(levels: list[float], size: int = 18, seed: int = 1) -> FigureTrend:
    """A figure of a scenario that has `size` of them, and that alone changes its level."""
    still = [
        FigureName(metric="pull_duration", part=f"part {number}", quantile="p50")
        for number in range(size - 2)
    ]
    figures = {name: Figure(value=1.0, samples=40) for name in still}
    found = [
        [replace(run, figures={**run.figures, **figures}) for run in runs]
        for runs in nights(levels, seed)
    ]
    return next(one for one in scenario_of(found).figures if one.metric == "deployment_delay")


def test_a_clear_change_in_too_few_nights_is_perhaps_one() -> None:
    """9 nights of 1.28 s and 8 of 1.89 s: among 18 figures one more night decides."""
    found = family([1.28] * 9 + [1.89] * 8)
    assert found.changes == ()
    assert found.perhaps is not None
    assert (found.perhaps.at, found.perhaps.worse) == (9, True)
    assert (found.searched_nights, found.needs_nights) == (17, 18)
    certain = family([1.28] * 9 + [1.89] * 9)
    assert (len(certain.changes), certain.perhaps, certain.needs_nights) == (1, None, None)


def test_nights_that_are_too_few_for_any_change_say_how_many_it_takes() -> None:
    """With enough of them, nothing is needed."""
    few = family([1.28] * 17)
    assert (few.changes, few.perhaps, few.needs_nights) == ((), None, 18)
    assert family([1.28] * 18).needs_nights is None


def test_a_new_level_after_a_certain_change_is_perhaps_one_by_its_own_nights() -> None:
    """The nights before the certain change are no evidence for the next one."""
    found = family([1.0] * 20 + [1.5] * 10 + [3.0] * 7)
    assert found.perhaps is not None
    assert (found.changes[0].at, found.perhaps.at) == (20, 30)
    assert (found.searched_nights, found.needs_nights) == (37, 39)


def test_repeats_are_one_night_with_their_median() -> None:
    found = scenario_of([night(number, 10.0, repeats=3) for number in range(4)])
    assert len(found.nights) == 4
    assert found.figures[0].nightly == (11.0,) * 4
    assert found.nights[0].run_ids == ("0-0", "0-1", "0-2")


def test_another_scenario_content_is_no_change_of_the_registry() -> None:
    """It is marked, and only what came after it is searched."""
    found = nights([12.0] * 20 + [15.0] * 20)
    contents = [{"load.users": "4" if number < 20 else "8"} for number in range(40)]
    edited = [
        [
            replace(run, scenario_sha256="new" if number >= 20 else "old", content=content)
            for run in runs
        ]
        for number, (runs, content) in enumerate(zip(found, contents, strict=True))
    ]
    one = scenario_of(edited)
    text = "scenario content changed: load.users: 4 → 8"
    assert [(mark.at, mark.text) for mark in one.marks] == [(20, text)]
    assert not any(figure.changes for figure in one.figures)


def test_another_version_is_marked_and_searched_through() -> None:
    found = nights([12.0] * 20 + [15.0] * 20)
    newer = [
        [replace(run, versions={"registry-harness": "0.2.0"}) for run in runs]
        if number >= 20
        else runs
        for number, runs in enumerate(found)
    ]
    one = scenario_of(newer)
    assert one.marks[0].text == "registry-harness 0.1.0 → 0.2.0"
    assert one.figures[0].changes[0].at == 20


def test_runs_that_say_nothing_are_counted_and_left_out() -> None:
    found = nights([12.0] * 6)
    found[2] = [replace(run, unfit="the load generator was saturated") for run in found[2]]
    one = scenario_of(found)
    assert one.figures[0].nightly[2] is None
    assert [it.unfit for it in one.nights] == [0, 0, 1, 0, 0, 0]


def test_scenarios_and_cluster_providers_are_apart() -> None:
    runs = [
        *night(0, 12.0),
        *night(1, 12.0, cluster="kind"),
        *night(2, 12.0, scenario="other"),
    ]
    found = trend("reports", runs, Limits()).scenarios
    assert [(one.scenario, one.cluster) for one in found] == [
        ("other", "emulated"),
        ("simulated", "emulated"),
        ("simulated", "kind"),
    ]
    assert found[0].figures == ()
