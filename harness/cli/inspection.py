"""`harness check`, `plan`, `schema`, `faults`, `new`: nothing is started or changed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    ClusterChoice,
    ClusterOption,
    NodesOption,
    ScenarioPath,
    ScenarioPaths,
    SeedOption,
    SetOption,
    cluster_settings,
    fewer_nodes,
)
from harness.cli.scenario_files import read_scenario, scenario_files, warned_of
from harness.cli.settings import complain, fail, warn
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.plan.plan import Plan
    from harness.scenario import Complaint


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(check)
    app.command(no_args_is_help=True)(plan)
    app.command()(schema)
    app.command()(faults)
    app.command(no_args_is_help=True)(new)


def read_plan(
    path: Path, settings: list[str], seed: int | None, nodes: int | None = None
) -> "tuple[Plan, list[Complaint]]":
    """The plan of the scenario at `path`, on at most `nodes` nodes, and what it warns of.

    Raises ScenarioError with every complaint.
    """
    from harness.plan.plan import build_plan

    scenario = read_scenario(path, settings, nodes)
    plan = build_plan(scenario, scenario.seed if seed is None else seed)
    return plan, warned_of(scenario, plan)


def check(scenarios: ScenarioPaths, settings: SetOption = None) -> None:
    """Check scenario files and print every problem.

    Each is a line as file:line:col key: rule, got value.
    """
    from harness.scenario import ScenarioError

    wrong = False
    for path in scenario_files(scenarios):
        try:
            _, warnings = read_plan(path, settings or [], None)
        except ScenarioError as error:
            complain(str(error))
            wrong = True
        else:
            print(f"{path}: ok")
            warn(warnings)
    if wrong:
        raise typer.Exit(ExitCode.USAGE)


def plan(
    scenario: ScenarioPath,
    settings: SetOption = None,
    seed: SeedOption = None,
    cluster: ClusterOption = ClusterChoice.SCENARIO,
    nodes: NodesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Show the plan of a scenario without starting anything.

    The timeline, the images, and the bytes and requests expected.
    """
    from harness.plan.text import plan_text
    from harness.scenario import ScenarioError

    try:
        chosen = [*(settings or []), *cluster_settings(cluster)]
        planned, warnings = read_plan(scenario, chosen, seed, fewer_nodes(cluster, nodes))
    except (ScenarioError, OSError) as error:
        fail(str(error), ExitCode.USAGE)
    warn(warnings)
    print(planned.to_json() if as_json else plan_text(planned))


def schema() -> None:
    """Print the JSON Schema of scenario files, for your editor."""
    from harness.scenario import json_schema

    print(json.dumps(json_schema(), indent=2))


def faults(
    word: Annotated[str | None, typer.Argument(help="Explain this one.", metavar="NAME")] = None,
) -> None:
    """List the faults, or explain one with an example."""
    from harness.faults import catalogue
    from harness.scenario.fault_catalogue import explain, overview

    known = catalogue()
    if word is None:
        print(overview())
    elif word in known:
        print(explain(word))
    else:
        from difflib import get_close_matches

        near = get_close_matches(word, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `harness faults` lists them"
        fail(f"{word}: no such fault{hint}", ExitCode.USAGE)


def new(
    path: Annotated[
        Path | None, typer.Argument(help="The scenario file to write.", metavar="[FILE]")
    ] = None,
    fault: Annotated[
        str | None,
        typer.Option(
            "--fault",
            metavar="NAME",
            help="In a source checkout: write harness/faults/NAME.py, its test and an example "
            "scenario, which pass as they are; change the first two, then run `make docs`.",
        ),
    ] = None,
) -> None:
    """Write a commented scenario, or the files of a new fault."""
    if (path is None) == (fault is None):
        fail("new: takes either a FILE or --fault NAME", ExitCode.USAGE)
    if path is not None:
        _new_scenario(path)
    elif fault is not None:
        _new_fault(fault)


def _new_scenario(path: Path) -> None:
    from harness.scenario import ScenarioError, load_text, starter

    try:
        load_text(str(path), starter(path.stem))
    except ScenarioError as error:
        fail(str(error), ExitCode.USAGE)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(path.stem))
    except FileExistsError:
        fail(f"{path}: already exists; choose another name", ExitCode.USAGE)
    except OSError as error:
        fail(f"{path}: cannot be written: {error.strerror}", ExitCode.USAGE)
    print(f"{path}: written; next: harness plan {path}")


def _new_fault(word: str) -> None:
    from harness.scenario.fault_scaffold import ScaffoldError, write_fault

    try:
        written = write_fault(Path(), word)
    except ScaffoldError as error:
        fail(str(error), ExitCode.USAGE)
    except OSError as error:
        fail(f"{error.filename}: cannot be written: {error.strerror}", ExitCode.USAGE)
    for path in written:
        print(f"{path}: written")
    print(f"change the first two, then: make docs && uv run pytest {written[1]}")
