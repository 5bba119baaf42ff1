"""A busy machine gives itself away by a load generator that is late."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.analysis.figures import CONTROL, Figure
from harness.analysis.machine import busier
from harness.analysis.run_figures import RunFigures
from tests.simulated_repeats import EMPTY

QUIET = (0.007, 0.003, 0.003, 0.002, 0.004)  # s, as measured on two processors
BUSY = (0.004, 0.009, 0.020, 0.017, 0.013)  # the same while something else was compiled


def runs(lateness_s: Sequence[float]) -> list[RunFigures]:
    return [
        replace(EMPTY, figures={CONTROL: Figure(value=value, samples=60)}) for value in lateness_s
    ]


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (QUIET, BUSY, True),
        (QUIET, QUIET, False),
        (BUSY, QUIET, False),
        (QUIET, tuple(1.2 * value for value in QUIET), False),
        (QUIET[:2], BUSY[:2], False),
    ],
)
def test_only_a_machine_that_was_clearly_busier_is_reported(
    a: tuple[float, ...], b: tuple[float, ...], *, told: bool
) -> None:
    assert busier(runs(a), runs(b)).startswith("the machine was busier in B") is told


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert busier([EMPTY] * 5, runs(BUSY)) == ""
