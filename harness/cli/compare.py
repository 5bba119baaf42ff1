"""`harness compare`: what became worse between two sets of runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import BaselinesOption
from harness.cli.settings import fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.analysis.comparison import Comparison
    from harness.analysis.figure_comparison import Limits

_Before = Annotated[
    str,
    typer.Argument(
        help="Runs from before: a run folder (includes its repeats), a folder of runs, or "
        "baseline:NAME.",
        metavar="A",
    ),
]
_After = Annotated[str, typer.Argument(help="Runs to judge, named in the same ways.", metavar="B")]


MinimumEffect = Annotated[
    str,
    typer.Option(metavar="PERCENT", help="The smallest relevant change of times and throughput."),
]
MinimumPoints = Annotated[
    str,
    typer.Option(
        metavar="PERCENT",
        help="The smallest relevant change of error rates and Ready pods, in percentage points.",
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(compare)


def compare(
    a: _Before,
    b: _After,
    minimum_effect: MinimumEffect = "10%",
    minimum_points: MinimumPoints = "5%",
    baselines: BaselinesOption = Path("baselines"),
    force: Annotated[
        bool, typer.Option("--force", help="Compare even if scenario, seed or nodes differ.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare runs B with earlier ones, A, or with a baseline.

    Exits 6 when a figure is significantly worse. It compares repeats (`harness run --repeat 5`);
    a single run cannot show a change.

    Example, before and after a change of the registry; one repeat stands for all of its group:

    \b
      harness run latency.yaml --repeat 5
      harness run latency.yaml --repeat 5 --set environment.registry.provider=distribution
      harness compare reports/latency/20261124T020000Z-3fa9c1 \\
        reports/latency/20261125T020000Z-77ab02 --force

    docs/compare.md says what counts as a regression.
    """  # noqa: D301  \b keeps lines as they are
    from harness.analysis.comparison import compare as compare_sets
    from harness.analysis.run_figures import NotComparableError
    from harness.analysis.run_sets import read_set

    limits = limits_of(minimum_effect, minimum_points)
    try:
        found = compare_sets(read_set(a, baselines), read_set(b, baselines), limits, force=force)
    except NotComparableError as error:
        fail(str(error), ExitCode.USAGE)
    print_comparison(found, as_json=as_json)
    raise typer.Exit(code_of(found))


def limits_of(effect: str, points: str) -> "Limits":
    """What the two options say. Exits 2 when they say no share."""
    from harness.analysis.figure_comparison import Limits

    return Limits(
        effect=_share("--minimum-effect", effect), points=_share("--minimum-points", points)
    )


def _share(option: str, text: str) -> float:
    from harness.units import share

    try:
        value = share(text)
    except ValueError as error:
        fail(f"{option} {text}: {error}", ExitCode.USAGE)
    if not value:
        fail(f"{option} {text}: must be more than 0%", ExitCode.USAGE)
    return value


def code_of(found: "Comparison") -> ExitCode:
    """6 for a regression."""
    return ExitCode.REGRESSION if found.verdict == "regression" else ExitCode.PASS


def print_comparison(found: "Comparison", *, as_json: bool) -> None:
    """One JSON object, or lines, on stdout."""
    from harness.report.comparison import comparison_text, headline, sentence
    from harness.report.text import one_line

    if as_json:
        shown: dict[str, Any] = found.as_json()
        shown["headline"] = headline(found)
        for figure, one in zip(shown["figures"], found.figures, strict=True):
            figure["sentence"] = sentence(one)
        print(json.dumps(shown))
    else:
        print("\n".join(one_line(line) for line in comparison_text(found).splitlines()))
