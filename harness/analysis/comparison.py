"""Two sides, figure by figure: what became worse, by how much, and how sure that is."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

from harness.analysis.comparability import differences
from harness.analysis.figure_comparison import (
    LEVEL,
    Change,
    FigureComparison,
    Limits,
    figure_comparisons,
)
from harness.analysis.figures import KINDS
from harness.analysis.json_values import plain
from harness.analysis.machine import busier
from harness.analysis.run_figures import NotComparableError
from harness.analysis.run_sets import RunSet

FORMAT: Final = 1


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All figures, what is worse first.

    `verdict`: "regression", "no_regression" (none was shown), or "inconclusive" (with so few
    repeats none could have been shown, or something became worse but so did the machine, which
    `doubt` then says).
    """

    verdict: Literal["regression", "no_regression", "inconclusive"]
    scenario: str
    a: str
    b: str
    a_runs: tuple[str, ...]
    b_runs: tuple[str, ...]
    minimum_effect: float
    minimum_points: float
    level: float
    doubt: str
    warnings: tuple[str, ...]
    figures: tuple[FigureComparison, ...]
    format: int = field(default=FORMAT)

    @property
    def regressed(self) -> tuple[FigureComparison, ...]:
        """What became worse beyond doubt."""
        return tuple(one for one in self.figures if one.change_is == "worse")

    def as_json(self) -> dict[str, Any]:
        """This as plain JSON values."""
        values: dict[str, Any] = plain(asdict(self))
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Comparison":
        """What `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']}, this harness reads format {FORMAT}")
        known = dict(values)
        for key in ("a_runs", "b_runs", "warnings"):
            known[key] = tuple(map(str, known[key]))
        known["verdict"] = _FORMER.get(known["verdict"], known["verdict"])
        known["figures"] = tuple(
            FigureComparison(**one | {"change_is": _FORMER.get(one["change_is"], one["change_is"])})
            for one in known["figures"]
        )
        return cls(**known)


# What comparisons of older versions call it.
_FORMER: Final = {"cannot_tell": "inconclusive", "unclear": "inconclusive", "alike": "unchanged"}
_ORDER: Final = (
    "worse",
    "doubted",
    "maybe_worse",
    "inconclusive",
    "better",
    "unchanged",
    "too_few",
)


def compare(a: RunSet, b: RunSet, limits: Limits, *, force: bool = False) -> Comparison:
    """B against A. Raises NotComparableError when they did not measure the same thing.

    `force` compares all the same and tells what differs.
    """
    twice = sorted({run.run_id for run in a.runs} & {run.run_id for run in b.runs})
    if twice:
        raise NotComparableError(
            f"{a.name} and {b.name} are not comparable: run {twice[0]} is on both sides"
        )
    found = differences(a.runs, b.runs)
    if found.refused and not force:
        raise NotComparableError(
            f"{a.name} and {b.name} are not comparable: {'; '.join(found.refused)} "
            "(--force compares them anyway)"
        )
    figures = list(figure_comparisons(a.runs, b.runs, limits))
    doubt = busier(a.runs, b.runs)
    if doubt:
        figures = [
            replace(one, change_is="doubted") if one.change_is == "worse" else one
            for one in figures
        ]
    figures.sort(key=_place)
    return Comparison(
        verdict=_verdict({one.change_is for one in figures}),
        scenario=b.runs[0].scenario,
        a=a.name,
        b=b.name,
        a_runs=tuple(run.run_id for run in a.runs),
        b_runs=tuple(run.run_id for run in b.runs),
        minimum_effect=limits.effect,
        minimum_points=limits.points,
        level=LEVEL,
        doubt=doubt,
        warnings=(*found.refused, *found.noted, *a.left_out, *b.left_out),
        figures=tuple(figures),
    )


def _verdict(changes: set[Change]) -> Literal["regression", "no_regression", "inconclusive"]:
    if "worse" in changes:
        return "regression"
    return "inconclusive" if "doubted" in changes or changes <= {"too_few"} else "no_regression"


def _place(one: FigureComparison) -> tuple[int, int]:
    return _ORDER.index(one.change_is), tuple(KINDS).index(one.metric)
