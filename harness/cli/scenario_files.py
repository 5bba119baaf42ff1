"""The scenario files that a verb is given, and what stands in them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import REAL, ClusterChoice, cluster_settings
from harness.cli.settings import fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.plan.plan import Plan
    from harness.scenario import Complaint, Scenario
    from harness.scenario.document import Overrides

REAL_NODES = 3  # of a scenario that was written for emulated nodes


def scenario_files(paths: list[Path]) -> list[Path]:
    """The YAML files that `paths` name, folders opened."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(path.rglob("*.yaml"))
            if not found:
                fail(f"{path}: contains no scenario (*.yaml)", ExitCode.USAGE)
            files += found
        elif path.exists():
            files.append(path)
        else:
            fail(f"{path}: no such file or folder", ExitCode.USAGE)
    return files


def overrides_of(var_files: list[Path] | None, settings: list[str] | None) -> "Overrides":
    """The overrides of the options --var-file and --set, the strongest last."""
    from harness.scenario import ScenarioError, read_overrides

    try:
        return [*(it for file in var_files or () for it in read_overrides(file)), *(settings or ())]
    except ScenarioError as error:
        fail(str(error), ExitCode.USAGE)


def read_scenario(
    path: Path | None,
    settings: "Overrides" = (),
    cluster: ClusterChoice = ClusterChoice.SCENARIO,
    nodes: int | None = None,
) -> "Scenario":
    """The scenario at `path`, or that of `harness up`, as the options change it.

    Raises ScenarioError.
    """
    from harness.scenario import load, load_text, on_nodes

    settings = [*settings, *cluster_settings(cluster)]
    if path is None:
        from harness.run.up import DEFAULT_SCENARIO

        scenario = load_text("up", DEFAULT_SCENARIO, settings)
    else:
        other_number = nodes is not None or cluster in REAL
        scenario = load(path, settings, any_nodes=other_number)
    if nodes is None and cluster in REAL:
        nodes = min(REAL_NODES, scenario.body.environment.cluster.nodes)
    return scenario if nodes is None else on_nodes(scenario, nodes)


def warned_of(
    scenario: "Scenario", plan: "Plan", workers: int = 1, named: dict[str, str] | None = None
) -> "list[Complaint]":
    """The warnings of `plan` and of this machine, at their places in the file of `scenario`.

    `named`: the scenarios before this one by name, to which it is added, and where they say so.
    """
    from harness.plan.machine_forecast import machine_warnings

    warnings = [*plan.warnings]
    if plan.cluster.provider != "simulated":  # which moves no byte
        warnings += machine_warnings(plan, cpus=os.cpu_count() or 1, workers=workers)
    said = [scenario.document.complaint(it.path, it.text) for it in warnings]
    if named is not None:
        mine = scenario.document.complaint(("name",), "").place
        first = named.setdefault(plan.scenario, mine)
        if first != mine:
            text = f"is also that of {first}: tables and baselines cannot tell their runs apart"
            said.append(scenario.document.complaint(("name",), text))
    return said
