"""`harness check`, `plan`, `schema`, `faults`, `new`: nothing is started or changed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import (
    ClusterChoice,
    ClusterOption,
    NodesOption,
    ScenarioPath,
    ScenarioPaths,
    SeedOption,
    SetOption,
    VarFileOption,
)
from harness.cli.scenario_files import overrides_of, read_scenario, scenario_files, warned_of
from harness.cli.settings import complain, fail, warn
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.plan.plan import Plan
    from harness.scenario import Complaint
    from harness.scenario.document import Overrides


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(check)
    app.command(no_args_is_help=True)(plan)
    app.command()(schema)
    app.command()(faults)
    app.command()(explain)
    app.command(no_args_is_help=True)(new)


def read_plan(
    path: Path,
    settings: "Overrides" = (),
    seed: int | None = None,
    cluster: ClusterChoice = ClusterChoice.SCENARIO,
    nodes: int | None = None,
    named: dict[str, str] | None = None,
) -> "tuple[Plan, list[Complaint]]":
    """The plan of the scenario at `path`, as the options change it, and what it warns of.

    `named`: the scenarios before it by name, see warned_of.
    Raises ScenarioError with every complaint.
    """
    from harness.plan.plan import build_plan

    scenario = read_scenario(path, settings, cluster, nodes)
    plan = build_plan(scenario, scenario.seed if seed is None else seed)
    return plan, warned_of(scenario, plan, named=named)


def check(
    scenarios: ScenarioPaths,
    settings: SetOption = None,
    var_files: VarFileOption = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object: each file with its problems."),
    ] = False,
) -> None:
    """Check scenario files and print every problem.

    Each is a line as file:line:col key: rule, got value. Warnings do not fail the
    check: they name what will probably make the verdict inconclusive.
    """
    from harness.scenario import ScenarioError

    overrides = overrides_of(var_files, settings)
    files, wrong, named = [], False, dict[str, str]()
    for path in scenario_files(scenarios):
        errors: Iterable[Complaint] = ()
        warnings: Iterable[Complaint] = ()
        try:
            _, warnings = read_plan(path, overrides, named=named)
        except ScenarioError as error:
            errors, wrong = error.complaints, True
        problems = [*_problems("error", errors), *_problems("warning", warnings)]
        files.append({"file": str(path), "problems": problems})
        if as_json:
            continue
        for line in errors:
            complain(str(line))
        if not errors:
            print(f"{path}: ok")
        warn(warnings)
    if as_json:
        print(json.dumps({"ok": not wrong, "files": files}, indent=2))
    if wrong:
        raise typer.Exit(ExitCode.USAGE)


def _problems(severity: str, complaints: "Iterable[Complaint]") -> "Iterator[dict[str, Any]]":
    """For programs. `line` and `column` count from 1; none for an override, whose `place` it is."""
    for it in complaints:
        line, column = it.position or (None, None)
        yield {
            "severity": severity,
            "place": it.place.removesuffix(":"),
            "line": line,
            "column": column,
            "key": it.key,
            "rule": it.rule,
        }


def plan(
    scenario: ScenarioPath,
    settings: SetOption = None,
    var_files: VarFileOption = None,
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

    overrides = overrides_of(var_files, settings)
    try:
        planned, warnings = read_plan(scenario, overrides, seed, cluster, nodes)
    except (ScenarioError, OSError) as error:
        fail(str(error), ExitCode.USAGE)
    warn(warnings)
    print(planned.to_json() if as_json else plan_text(planned))


def schema() -> None:
    """Print the JSON Schema of scenario files, for your editor."""
    from harness.scenario import json_schema

    print(json.dumps(json_schema(), indent=2))


def explain(
    key: Annotated[
        str | None,
        typer.Argument(
            help="A key as `--set` names it, or the beginning of one: load.pulls, "
            "environment.registry.token_lifetime.",
            metavar="KEY",
        ),
    ] = None,
) -> None:
    """Explain the keys of a scenario file, with an example of each.

    Without KEY it lists all keys. `harness faults NAME` explains a fault.

    Example:
      harness explain load.rollouts
    """
    from difflib import get_close_matches

    from harness.scenario.reference import explanation, find, sections

    if key is None:
        print("\n".join(it.path for section in sections() for it in section.keys))
        return
    found = find(key)
    if not found:
        known = [it.path for section in sections() for it in section.keys]
        near = get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`harness explain` lists them"
        fail(f"{key}: is no key of a scenario; {hint}", ExitCode.USAGE)
    print("\n\n".join(map(explanation, found)))


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
        from harness.scenario.fault_suggestions import fault_meant

        meant = fault_meant(word)
        hint = f"did you mean {meant}?" if meant else "`harness faults` lists them"
        fail(f"{word}: no such fault; {hint}", ExitCode.USAGE)


def new(
    path: Annotated[
        Path | None, typer.Argument(help="The scenario file to write.", metavar="FILE")
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
    from harness.scenario import ScenarioError, editor_line, load_text, starter

    try:
        load_text(str(path), starter(path.stem))
    except ScenarioError as error:
        fail(str(error), ExitCode.USAGE)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(editor_line(path.parent, Path.cwd()) + starter(path.stem))
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
