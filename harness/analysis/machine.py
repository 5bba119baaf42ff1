"""Whether the machine was as free on both sides: a slower machine is no slower registry."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from harness.analysis.figures import CONTROL
from harness.analysis.permutation import shift_interval
from harness.analysis.quantiles import Floats
from harness.analysis.run_figures import RunFigures

# So much later a generator is on a machine that others use, too; in a quiet one it differs by less.
BUSIER: Final = 1.5
_CONFIDENCE: Final = 0.95


def busier(a: Sequence[RunFigures], b: Sequence[RunFigures]) -> str:
    """A sentence when the load generator was clearly later in B than in A, otherwise "".

    The generator starts each pull by its own schedule, whatever the registry does, so when it is
    late something else had the processor.
    """
    of_a, of_b = _lateness(a), _lateness(b)
    if of_a is None or of_b is None:
        return ""
    shift = shift_interval(np.log(of_a), np.log(of_b), _CONFIDENCE)
    if shift is None or shift[0] < math.log(BUSIER) or shift[1] <= 0:
        return ""
    before, after = float(np.median(of_a)) * 1000, float(np.median(of_b)) * 1000
    return (
        f"the machine was busier in B: the load generator was {math.exp(shift[0]):.1f} times as "
        f"late ({before:.3g} ms, then {after:.3g} ms), so a slower machine may be "
        "the whole difference; repeat the runs on an idle machine"
    )


def _lateness(runs: Sequence[RunFigures]) -> Floats | None:
    values = [run.figures[CONTROL].value for run in runs if CONTROL in run.figures]
    return np.array(values) if len(values) == len(runs) else None
