"""`harness compare` and `harness baseline`: what became worse between two sets of runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from harness.cli.options import BaselinesOption
from harness.cli.settings import complain, fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.comparison import Comparison
    from harness.analysis.figure_comparison import Limits
    from harness.plan.plan import Plan

_Side = Annotated[
    str,
    typer.Argument(
        help="A run folder (includes its repeats), a folder of runs, or baseline:NAME.",
        metavar="RUNS",
    ),
]


MinimumEffect = Annotated[
    str,
    typer.Option(help="The smallest relevant change of times and throughput."),
]
MinimumPoints = Annotated[
    str,
    typer.Option(
        help="The smallest relevant change of error rates and Ready pods, in percentage points."
    ),
]


class ToRun(Protocol):
    """A scenario that is about to be run."""

    @property
    def plan(self) -> "Plan": ...
    @property
    def content_sha256(self) -> str: ...


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(compare)
    baselines = typer.Typer(
        rich_markup_mode=None, help="Manage baselines: figures of runs to compare other runs with."
    )
    baselines.command(name="add", no_args_is_help=True)(baseline_add)
    baselines.command(name="list")(baseline_list)
    baselines.command(name="remove", no_args_is_help=True)(baseline_remove)
    app.add_typer(baselines, name="baseline", no_args_is_help=True)


def compare(
    a: _Side,
    b: _Side,
    minimum_effect: MinimumEffect = "10%",
    minimum_points: MinimumPoints = "5%",
    baselines: BaselinesOption = Path("baselines"),
    force: Annotated[
        bool, typer.Option("--force", help="Compare even if scenario, seed or nodes differ.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare B with A, its baseline.

    Exits 6 when a figure is significantly worse. It compares repeats (`harness run --repeat 5`);
    a single run cannot show a change.
    """
    from harness.analysis.comparison import compare as compare_sets
    from harness.analysis.run_figures import NotComparableError
    from harness.analysis.run_sets import read_set

    limits = limits_of(minimum_effect, minimum_points)
    try:
        found = compare_sets(read_set(a, baselines), read_set(b, baselines), limits, force=force)
    except NotComparableError as error:
        fail(str(error), ExitCode.USAGE)
    _print(found, as_json=as_json)
    raise typer.Exit(_code(found))


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


def _code(found: "Comparison") -> ExitCode:
    return ExitCode.REGRESSION if found.verdict == "regression" else ExitCode.PASS


def _print(found: "Comparison", *, as_json: bool) -> None:
    from harness.report.comparison import comparison_text, headline, sentence
    from harness.report.text import one_line

    if as_json:
        told: dict[str, Any] = found.as_json()
        told["headline"] = headline(found)
        for figure, one in zip(told["figures"], found.figures, strict=True):
            figure["sentence"] = sentence(one)
        print(json.dumps(told))
    else:
        print("\n".join(one_line(line) for line in comparison_text(found).splitlines()))


def require_comparable(name: str, folder: Path, planned: "Sequence[ToRun]") -> None:
    """Exit 2, before anything is started, when the baseline cannot be compared with the plan."""
    from dataclasses import replace

    from harness.analysis.comparability import differences
    from harness.analysis.run_figures import NotComparableError
    from harness.analysis.run_sets import read_set

    if len(planned) != 1:
        fail(
            f"--baseline {name}: applies to one scenario, got {len(planned)}",
            ExitCode.USAGE,
        )
    try:
        runs = read_set(f"baseline:{name}", folder).runs
    except NotComparableError as error:
        fail(str(error), ExitCode.USAGE)
    plan = planned[0].plan
    like = replace(
        runs[-1],
        scenario=plan.scenario,
        seed=plan.seed,
        scenario_sha256=planned[0].content_sha256,
    )
    if refused := differences(runs, [like]).refused:
        fail(f"baseline:{name} is not comparable: {'; '.join(refused)}", ExitCode.USAGE)


def against_baseline(
    name: str, folder: Path, runs: "Sequence[Path]", limits: "Limits", *, as_json: bool
) -> ExitCode:
    """Compare the runs that have just ended with a baseline, and put it into the last one's pages.

    What cannot be compared is said and is inconclusive: the runs have their verdicts already.
    """
    from harness.analysis.comparison import compare as compare_sets
    from harness.analysis.run_figures import NotComparableError, read_run
    from harness.analysis.run_sets import fit, read_set

    last = runs[-1]
    try:
        found = compare_sets(
            read_set(f"baseline:{name}", folder),
            fit(f"{last.parent.name}/{last.name}", [read_run(run) for run in runs]),
            limits,
        )
    except NotComparableError as error:
        complain(f"harness: {error}")
        return ExitCode.INCONCLUSIVE
    _print(found, as_json=as_json)
    _put(found, last)
    return _code(found)


def _put(found: "Comparison", folder: Path) -> None:
    from harness.cli.reports import NotWritten, written
    from harness.report.comparison import COMPARISON_FILE
    from harness.report.files import put

    try:
        put(folder / COMPARISON_FILE, json.dumps(found.as_json(), indent=1) + "\n")
        written(folder)
    except (OSError, NotWritten) as error:
        complain(f"harness: {folder}: the comparison cannot be written into its report: {error}")
    else:
        complain(f"report with the comparison: {folder / 'report.html'}")


def baseline_add(
    name: Annotated[str, typer.Argument(help="Letters, digits, dots, dashes.")],
    runs: Annotated[
        list[str], typer.Argument(help="Run folders (including their repeats), or folders of them.")
    ],
    baselines: BaselinesOption = Path("baselines"),
) -> None:
    """Add runs to a baseline, a small file to keep in git; creates it if needed."""
    from harness.analysis.baseline import baseline_path, read_baseline, with_runs
    from harness.analysis.comparability import differences
    from harness.analysis.run_figures import NotComparableError
    from harness.analysis.run_sets import read_set
    from harness.report.files import put

    try:
        path = baseline_path(baselines, name)
        old = read_baseline(baselines, name).runs if path.exists() else ()
        new = [run for named in runs for run in read_set(named, baselines).runs]
    except NotComparableError as error:
        fail(str(error), ExitCode.USAGE)
    if refused := differences(old or new[:1], new).refused:
        fail(f"{name}: runs of one baseline must be comparable: {refused[0]}", ExitCode.USAGE)
    whole = with_runs(name, old, new)
    try:
        baselines.mkdir(parents=True, exist_ok=True)
        put(path, whole.to_json())
    except OSError as error:
        fail(f"{path}: cannot be written: {error.strerror or error}", ExitCode.USAGE)
    print(f"{path}: {len(whole.runs)} runs of {whole.runs[0].scenario}")


def baseline_list(
    baselines: BaselinesOption = Path("baselines"),
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the baselines: name, scenario, runs, seed and date."""
    from harness.analysis.baseline import baseline_names, read_baseline
    from harness.analysis.run_figures import NotComparableError

    found = []
    for name in baseline_names(baselines):
        try:
            known = read_baseline(baselines, name)
        except NotComparableError as error:
            complain(f"harness: {error}")
            continue
        last = known.runs[-1] if known.runs else None
        found.append(
            {
                "name": name,
                "runs": len(known.runs),
                "scenario": last.scenario if last else "",
                "seed": last.seed if last else None,
                "cluster": last.cluster if last else "",
                "last": last.started if last else "",
            }
        )
    if as_json:
        print(json.dumps(found))
        return
    for one in found:
        print(
            "  ".join(
                f"{key} {value}" if key != "name" else f"{value:<24}" for key, value in one.items()
            )
        )
    if not found:
        complain(
            f"{baselines}: contains no baseline; create one with `harness baseline add NAME RUN`"
        )


def baseline_remove(
    name: Annotated[str, typer.Argument(help="The baseline's name.")],
    baselines: BaselinesOption = Path("baselines"),
) -> None:
    """Remove a baseline's file."""
    from harness.analysis.baseline import baseline_path
    from harness.analysis.run_figures import NotComparableError

    try:
        path = baseline_path(baselines, name)
        path.unlink()
    except NotComparableError as error:
        fail(str(error), ExitCode.USAGE)
    except FileNotFoundError:
        fail(f"{path}: no such baseline", ExitCode.USAGE)
    print(f"{path}: removed")
