"""`harness baseline`: figures of runs, kept as small files to compare other runs with."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import BaselinesOption
from harness.cli.settings import complain, fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.run_figures import RunFigures


def add_to(app: typer.Typer) -> None:
    baselines = typer.Typer(
        rich_markup_mode=None,
        help="Manage baselines: figures of runs to compare other runs with.\n\n"
        "Example: keep five repeats in git, and hold the next ones to them:\n\n"
        "\b\n"
        "  harness run scenarios/latency.yaml --repeat 5\n"
        "  harness baseline add latency reports/latency\n"
        "  harness run scenarios/latency.yaml --repeat 5 --baseline latency",
    )
    baselines.command(name="add", no_args_is_help=True)(baseline_add)
    baselines.command(name="add-each", no_args_is_help=True)(baseline_add_each)
    baselines.command(name="list")(baseline_list)
    baselines.command(name="remove", no_args_is_help=True)(baseline_remove)
    app.add_typer(baselines, name="baseline", no_args_is_help=True)


_Replace = Annotated[bool, typer.Option("--replace", help="Forget the runs that the baseline had.")]


def baseline_add(
    name: Annotated[
        str, typer.Argument(help="The baseline's: letters, digits, dots, dashes.", metavar="NAME")
    ],
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Run folders (including their repeats), or folders of them.", metavar="RUNS"
        ),
    ],
    baselines: BaselinesOption = Path("baselines"),
    replace: _Replace = False,
) -> None:
    """Add runs to a baseline, a small file to keep in git.

    Creates it if needed. Example; a run folder stands for all repeats of its group:

    \b
      harness baseline add latency reports/latency/20261124T020000Z-3fa9c1
    """  # noqa: D301  \b keeps lines as they are
    from harness.analysis.run_figures import NotComparableError
    from harness.analysis.run_sets import read_set

    try:
        new = [run for named in runs for run in read_set(named, baselines).runs]
        text = _added(baselines, name, new, replace=replace)
    except NotComparableError as error:
        fail(str(error), ExitCode.USAGE)
    print(text)


def baseline_add_each(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders (including their repeats), or folders of them.", metavar="RUNS"
        ),
    ],
    baselines: BaselinesOption = Path("baselines"),
    replace: _Replace = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only for scenarios that have no baseline.")
    ] = False,
) -> None:
    """Add runs to a baseline for each scenario, of its name.

    `harness run SCENARIO... --baseline FOLDER/` compares each scenario with its own. Runs that say
    nothing about the registry are left out. Example:

    \b
      harness run scenarios --tag nightly --repeat 5
      harness baseline add-each reports
      harness run scenarios --tag nightly --repeat 5 --baseline baselines/
    """  # noqa: D301  \b keeps lines as they are
    from harness.analysis.baseline import baseline_names
    from harness.analysis.run_figures import NotComparableError, RunFigures, read_run
    from harness.analysis.run_sets import fit, run_folders

    failed = False
    try:
        folders = {folder.resolve(): None for path in runs for folder in run_folders(path)}
        scenarios: dict[str, list[RunFigures]] = {}
        for run in map(read_run, folders):
            scenarios.setdefault(run.scenario, []).append(run)
    except NotComparableError as error:
        fail(str(error), ExitCode.USAGE)
    for name, found in sorted(scenarios.items()):
        if missing and name in baseline_names(baselines):
            continue
        try:
            print(_added(baselines, name, fit(name, found).runs, replace=replace))
        except NotComparableError as error:
            complain(f"harness: {error}")
            failed = True
    if failed:
        raise typer.Exit(ExitCode.USAGE)


def _added(baselines: Path, name: str, new: "Sequence[RunFigures]", *, replace: bool) -> str:
    """Write the baseline; what it has now, in one sentence. Raises NotComparableError."""
    from harness.analysis.baseline import baseline_path, read_baseline, with_runs
    from harness.analysis.comparability import differences
    from harness.analysis.run_figures import NotComparableError
    from harness.report.files import put

    path = baseline_path(baselines, name)
    old = read_baseline(baselines, name).runs if path.exists() and not replace else ()
    if refused := differences(old or new[:1], new).refused:
        raise NotComparableError(
            f"{name}: runs of one baseline must be comparable: {refused[0]}"
            + (" (--replace starts it anew)" if old else "")
        )
    whole = with_runs(name, old, new)
    try:
        baselines.mkdir(parents=True, exist_ok=True)
        put(path, whole.to_json())
    except OSError as error:
        fail(f"{path}: cannot be written: {error.strerror or error}", ExitCode.USAGE)
    count = len(whole.runs)
    return f"{path}: {count} run{'s' if count != 1 else ''} of {whole.runs[0].scenario}"


def baseline_list(
    baselines: BaselinesOption = Path("baselines"),
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the baselines: name, scenario, runs, seed and date.

    Example: `harness baseline list --baselines nightly-baselines --json`
    """
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
    name: Annotated[str, typer.Argument(help="The baseline's.", metavar="NAME")],
    baselines: BaselinesOption = Path("baselines"),
) -> None:
    """Remove a baseline's file.

    Example: `harness baseline remove latency`
    """
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
