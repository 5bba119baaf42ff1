"""`harness run --baseline`: the runs that have just ended against what was kept of earlier ones."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.chosen_scenarios import Ordered, Run
from harness.cli.compare import code_of, print_comparison
from harness.cli.settings import complain, fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.analysis.comparison import Comparison
    from harness.analysis.figure_comparison import Limits


BaselineOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FOLDER/",
        help="Compare the results with this baseline, or each scenario with the one of its name "
        "in a folder; exit 6 on a regression.",
    ),
]
RequireBaselineOption = Annotated[
    bool,
    typer.Option("--require-baseline", help="Refuse scenarios without a baseline in the folder."),
]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The baseline of one scenario: `<folder>/<name>.json`."""

    name: str
    folder: Path


def gates_of(
    named: str | None, baselines: Path, planned: Sequence[Ordered], *, required: bool
) -> Mapping[Path, Gate]:
    """The baseline of each scenario file, before anything is started.

    `named` is a baseline of the folder `baselines`, for one scenario, or a folder of baselines with
    the names of the scenarios. Scenarios that have none there are named, and refused if `required`.
    Exits 2 when a baseline cannot be compared with what is planned.
    """
    if named is None:
        return {}
    if not (named.endswith("/") or (Path(named).is_dir() and not _exists(baselines, named))):
        if len(planned) != 1:
            fail(
                f"--baseline {named}: is one baseline, for one scenario, got {len(planned)}; "
                f"name a folder of baselines instead, as --baseline {baselines}/",
                ExitCode.USAGE,
            )
        found = {planned[0].path: Gate(name=named, folder=baselines)}
    else:
        folder = Path(named)
        kept = [one for one in planned if _exists(folder, one.plan.scenario)]
        found = {one.path: Gate(name=one.plan.scenario, folder=folder) for one in kept}
        _tell_missing(folder, [one.plan.scenario for one in planned if one not in kept], required)
    complaints = list(_not_comparable(found, planned))
    if complaints:
        fail("\n".join(complaints), ExitCode.USAGE)
    return found


def _exists(folder: Path, name: str) -> bool:
    from harness.analysis.baseline import baseline_path
    from harness.analysis.run_figures import NotComparableError

    try:
        return baseline_path(folder, name).is_file()
    except NotComparableError:
        return False


def _tell_missing(folder: Path, names: Sequence[str], required: bool) -> None:
    if not names:
        return
    text = f"--baseline {folder}/: no baseline for {', '.join(names)}"
    if required:
        fail(f"{text}, and --require-baseline asks for one", ExitCode.USAGE)
    complain(
        f"warning: {text}: not compared; `harness baseline add-each RUNS --baselines {folder}` "
        "makes what is missing"
    )


def _not_comparable(gates: Mapping[Path, Gate], planned: Sequence[Ordered]) -> Iterator[str]:
    """A sentence for each baseline that does not fit what is planned."""
    from dataclasses import replace

    from harness.analysis.comparability import differences
    from harness.analysis.run_figures import NotComparableError
    from harness.analysis.run_sets import read_set

    for one in planned:
        gate = gates.get(one.path)
        if gate is None:
            continue
        try:
            runs = read_set(f"baseline:{gate.name}", gate.folder).runs
        except NotComparableError as error:
            yield str(error)
            continue
        like = replace(
            runs[-1],
            scenario=one.plan.scenario,
            seed=one.plan.seed,
            cluster=one.plan.cluster.provider,
            registry=one.plan.registry.provider,
            scenario_sha256=one.content_sha256,
            content=one.content,
        )
        if refused := differences(runs, [like]).refused:
            yield f"baseline:{gate.name} is not comparable: {'; '.join(refused)}"


def against_baselines(
    gates: Mapping[Path, Gate],
    ended: Sequence[tuple[Run, Path]],
    limits: "Limits",
    *,
    as_json: bool,
) -> list[ExitCode]:
    """Compare the runs of each scenario with its baseline, and put that into the last one's pages.

    What cannot be compared is said and is inconclusive: the runs have their verdicts already.
    """
    folders: dict[Path, list[Path]] = {}
    for run, folder in ended:
        folders.setdefault(run.ordered.path, []).append(folder)
    return [
        _against(gates[path], runs, limits, as_json=as_json)
        for path, runs in folders.items()
        if path in gates
    ]


def _against(gate: Gate, runs: Sequence[Path], limits: "Limits", *, as_json: bool) -> ExitCode:
    from harness.analysis.comparison import compare as compare_sets
    from harness.analysis.run_figures import NotComparableError, read_run
    from harness.analysis.run_sets import fit, read_set

    last = runs[-1]
    try:
        found = compare_sets(
            read_set(f"baseline:{gate.name}", gate.folder),
            fit(f"{last.parent.name}/{last.name}", [read_run(run) for run in runs]),
            limits,
        )
    except NotComparableError as error:
        complain(f"harness: {error}")
        return ExitCode.INCONCLUSIVE
    if not as_json:
        print(f"\n== {last.parent.name} against {gate.folder / gate.name}.json ==")
    print_comparison(found, as_json=as_json)
    _put(found, last)
    return code_of(found)


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
