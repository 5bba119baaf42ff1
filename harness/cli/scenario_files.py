"""The scenario files that a verb is given, and what stands in them."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.settings import fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.plan.plan import Plan
    from harness.scenario import Complaint, Scenario


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


def read_scenario(path: Path, settings: list[str], nodes: int | None) -> "Scenario":
    """The scenario at `path`, on at most `nodes` nodes. Raises ScenarioError."""
    from harness.scenario import load, on_fewer_nodes

    scenario = load(path, settings)
    return scenario if nodes is None else on_fewer_nodes(scenario, nodes)


def warned_of(scenario: "Scenario", plan: "Plan") -> "list[Complaint]":
    """The warnings of `plan`, each at its place in the file that `scenario` was read from."""
    return [scenario.document.complaint(it.path, it.text) for it in plan.warnings]
