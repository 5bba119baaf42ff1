"""Two sides of repeats, and what is said of them."""

from dataclasses import replace
from typing import Any

import pytest

from harness.analysis.comparison import Comparison, compare
from harness.analysis.figure_comparison import FigureComparison, Limits
from harness.analysis.figures import CONTROL, Figure, FigureName
from harness.analysis.run_figures import NotComparableError
from harness.analysis.run_sets import RunSet
from tests.simulated_repeats import EMPTY, trial_share

DELAY = FigureName(metric="deployment_delay", part="during latency-1", quantile="p95")
ERRORS = FigureName(metric="pull_error_rate", part="during")
FIVE = (10.0, 10.2, 9.9, 10.1, 10.3)


def side(name: str, **values: tuple[float, ...]) -> RunSet:
    """Runs with a delay each, and what else is named."""
    names = {"delay": DELAY, "errors": ERRORS, "lateness": CONTROL}
    count = len(next(iter(values.values())))
    runs = tuple(
        replace(
            EMPTY,
            run_id=f"{name}{index}",
            figures={
                names[key]: Figure(value=of[index], samples=100) for key, of in values.items()
            },
        )
        for index in range(count)
    )
    return RunSet(name=name, runs=runs)


def times(values: tuple[float, ...], factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in values)


def only(found: Comparison) -> FigureComparison:
    (one,) = found.figures
    return one


@pytest.mark.parametrize(
    ("factor", "change_is", "verdict"),
    [
        (1.0, "unchanged", "no_regression"),
        (1.06, "unchanged", "no_regression"),
        (1.25, "worse", "regression"),
        (0.7, "better", "no_regression"),
    ],
)
def test_a_change_is_called_what_it_is(factor: float, change_is: str, verdict: str) -> None:
    found = compare(side("a", delay=FIVE), side("b", delay=times(FIVE, factor)), Limits())
    assert (only(found).change_is, found.verdict) == (change_is, verdict)
    assert only(found).change == pytest.approx(factor - 1, abs=0.03)


def test_the_minimum_effect_is_the_users() -> None:
    """A quarter more is a regression, unless half more is what matters."""
    a, b = side("a", delay=FIVE), side("b", delay=times(FIVE, 1.25))
    assert compare(a, b, Limits(effect=0.5)).verdict == "no_regression"


def test_fewer_errors_are_better_and_more_are_worse_in_points() -> None:
    a = side("a", errors=(0.10, 0.11, 0.09, 0.10, 0.12))
    b = side("b", errors=(0.30, 0.33, 0.29, 0.31, 0.28))
    worse, better = only(compare(a, b, Limits())), only(compare(b, a, Limits()))
    assert (worse.change_is, better.change_is) == ("worse", "better")
    assert worse.change == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("runs", [1, 2, 4])
def test_too_few_repeats_have_no_number(runs: int) -> None:
    """Four against four differ so by chance in 1 of 70 cases; nothing can be shown at 1 %."""
    found = compare(side("a", delay=FIVE[:runs]), side("b", delay=times(FIVE[:runs], 3)), Limits())
    assert found.verdict == "inconclusive"
    assert only(found).change is None
    assert only(found).note == f"too few repeats ({runs} and {runs})"


def test_three_repeats_are_enough_against_a_long_baseline() -> None:
    found = compare(
        side("a", delay=(*FIVE, *FIVE)), side("b", delay=times(FIVE[:3], 1.3)), Limits()
    )
    assert found.verdict == "regression"


def test_a_figure_of_too_few_pods_has_no_number() -> None:
    """Of one pod in one run there is no median; of a high quantile the next lower is taken."""
    median = replace(DELAY, quantile="p50")
    runs = [
        replace(EMPTY, run_id=f"r{index}", figures={median: Figure(value=20, samples=9)})
        for index in range(10)
    ]
    alone = Figure(value=20, samples=1, enough=False)
    runs[7] = replace(runs[7], figures={median: alone, DELAY: alone})
    a, b = RunSet(name="a", runs=tuple(runs[:5])), RunSet(name="b", runs=tuple(runs[5:]))
    assert only(compare(a, b, Limits())).note.startswith("too few samples: 1")


def test_what_never_ended_is_at_least_as_late() -> None:
    """In B that makes it worse all the more; in A there is nothing to be held against."""
    a, b = side("a", delay=FIVE), side("b", delay=times(FIVE, 2))
    open_end = tuple(
        replace(run, figures={DELAY: replace(run.figures[DELAY], at_least=True)}) for run in b.runs
    )
    b = replace(b, runs=open_end)
    worse = only(compare(a, b, Limits()))
    assert (worse.change_is, worse.at_least) == ("worse", True)
    assert only(compare(b, a, Limits())).change is None


def test_a_busier_machine_takes_the_blame() -> None:
    """Pulls were twice as slow, but the generator, whom no registry delays, was late as well."""
    late = (0.003, 0.002, 0.004, 0.003, 0.002)
    a = side("a", delay=FIVE, lateness=late)
    b = side("b", delay=times(FIVE, 2), lateness=times(late, 8))
    found = compare(a, b, Limits())
    assert (only(found).change_is, found.verdict) == ("doubted", "inconclusive")
    assert "the machine was busier in B" in found.doubt
    quiet = side("b", delay=times(FIVE, 2), lateness=late)
    assert compare(a, quiet, Limits()).verdict == "regression"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"scenario": "other"}, "scenario differs: simulated in A, other in B"),
        ({"scenario_sha256": "1"}, "scenario content differs"),
        ({"seed": 2}, "seed differs: 1 in A, 2 in B"),
        ({"cluster": "kind"}, "cluster provider differs: emulated in A, kind in B"),
        ({"registry": "distribution"}, "registry differs: embedded in A, distribution in B"),
    ],
)
def test_what_measured_something_else_is_refused_by_name(
    changed: dict[str, Any], named: str
) -> None:
    """And compared all the same when forced, with a warning."""
    a, b = side("a", delay=FIVE), side("b", delay=FIVE)
    b = replace(b, runs=tuple(replace(run, **changed) for run in b.runs))
    with pytest.raises(NotComparableError, match=named):
        compare(a, b, Limits())
    assert named in compare(a, b, Limits(), force=True).warnings[0]


def test_other_versions_are_reported() -> None:
    """They are what a nightly comparison is for."""
    a, b = side("a", delay=FIVE), side("b", delay=FIVE)
    newer = {"registry-harness": "0.2.0"}
    b = replace(b, runs=tuple(replace(run, versions=newer, link="toxiproxy") for run in b.runs))
    assert compare(a, b, Limits()).warnings == (
        "link differs: embedded in A, toxiproxy in B",
        "version of registry-harness differs: 0.1.0 in A, 0.2.0 in B",
    )


def test_a_run_is_not_compared_with_itself() -> None:
    a = side("a", delay=FIVE)
    with pytest.raises(NotComparableError, match="run a0 is on both sides"):
        compare(a, a, Limits())


def test_a_comparison_survives_its_file() -> None:
    found = compare(side("a", delay=FIVE), side("b", delay=times(FIVE, 2)), Limits())
    again = Comparison.from_json(found.as_json())
    assert again.as_json() == found.as_json()


def test_unchanged_systems_raise_at_most_one_false_alarm_in_a_hundred() -> None:
    """Five repeats a side, shaped as real runs are; 2,000 comparisons."""
    assert trial_share((5, 5), 1.0, trials=2000, seed=1) <= 0.01


def test_a_slow_down_of_a_fifth_is_found() -> None:
    """With five repeats a side, in at least 95 of 100 comparisons, and not on a busier machine."""
    assert trial_share((5, 5), 1.2, trials=200, seed=2) >= 0.95
    assert trial_share((5, 5), 1.2, trials=100, seed=3, busy=5.0) <= 0.1
