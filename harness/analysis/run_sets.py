"""What a user names to be compared, as the runs it stands for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.analysis.baseline import read_baseline
from harness.analysis.run_figures import (
    NotComparableError,
    RunFigures,
    group_of,
    is_run,
    read_run,
)

_BASELINE = "baseline:"


@dataclass(frozen=True, kw_only=True)
class RunSet:
    """One side of a comparison: runs of one scenario. `left_out`: a sentence for each unfit one."""

    name: str
    runs: tuple[RunFigures, ...]
    left_out: tuple[str, ...] = ()


def read_set(named: str, baselines: Path) -> RunSet:
    """The runs behind `named`: a run folder, a folder of runs, or `baseline:NAME`.

    A run that is one of several repeats stands for all of them. Raises NotComparableError.
    """
    if named.startswith(_BASELINE):
        name = named.removeprefix(_BASELINE)
        return fit(named, read_baseline(baselines, name).runs)
    return fit(named, [read_run(folder) for folder in run_folders(Path(named))])


def fit(name: str, runs: Sequence[RunFigures]) -> RunSet:
    """`runs` without those that say nothing about the registry. Raises NotComparableError."""
    kept = tuple(run for run in runs if not run.unfit)
    left_out = tuple(
        f"{name}: run {run.run_id} is left out: {run.unfit}" for run in runs if run.unfit
    )
    if not kept:
        reasons = "; ".join(left_out) or "it has no runs"
        raise NotComparableError(f"{name}: has no comparable run: {reasons}")
    scenarios = sorted({run.scenario for run in kept})
    if len(scenarios) > 1:
        raise NotComparableError(
            f"{name}: contains runs of {' and '.join(scenarios)}; a side must be of one scenario"
        )
    return RunSet(name=name, runs=kept, left_out=left_out)


def run_folders(path: Path) -> list[Path]:
    """The run folders that `path` stands for, oldest first. Raises NotComparableError."""
    if is_run(path):
        return repeats_of(path)
    if not path.is_dir():
        raise NotComparableError(f"{path}: no such folder; give a run folder or baseline:NAME")
    found = sorted(
        (plan.parent for depth in ("*", "*/*") for plan in path.glob(f"{depth}/plan.json")),
        key=lambda folder: folder.name,
    )
    if not found:
        raise NotComparableError(f"{path}: is not a run folder and contains none (no plan.json)")
    return found


def repeats_of(folder: Path) -> list[Path]:
    """The repeats that `folder` is one of, or only itself."""
    group = group_of(folder)
    if not group:
        return [folder]
    beside = sorted(plan.parent for plan in folder.resolve().parent.glob("*/plan.json"))
    return [other for other in beside if group_of(other) == group]
