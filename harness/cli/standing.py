"""`harness up`: the environment alone, for other people's clients."""

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import (
    LinkChoice,
    LinkOption,
    QuietOption,
    ReportsOption,
    SetOption,
    link_kind,
)
from harness.cli.settings import cache_folder, complain, fail, toxiproxy_path
from harness.outcome import ExitCode

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.up import HeldFault

_DEFAULT = """\
name: up
summary: An environment for your own client.
images:
  app: {size: 16MiB, layers: 4}
load:
  rollouts: [{name: app, image: app, replicas: 1}]
"""


def add_to(app: typer.Typer) -> None:
    app.command()(up)


def up(
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Take the environment of this scenario.", metavar="[SCENARIO]"),
    ] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="FAULT",
            help="Hold a fault on, as in --fault 'latency: {delay: 200ms}'; may be repeated.",
        ),
    ] = None,
    settings: SetOption = None,
    link: LinkOption = LinkChoice.SCENARIO,
    reports: ReportsOption = Path("reports"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout when all is ready.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Stand up only the environment and hold it until Ctrl-C or SIGTERM.

    Prints addresses, credentials and image names, so that docker, crane, a browser or a test of
    your own can be pointed at a registry that misbehaves.
    """
    from rich.console import Console

    from harness.cli.display import shown
    from harness.cli.stopping import run_until_stopped
    from harness.environment.lab import EnvironmentFailed, LabSettings
    from harness.recording import RecordingError
    from harness.run_folder import RunFolderError
    from harness.up import UpOptions, stand

    plan = _plan(scenario, settings or [])
    kind = link_kind(link, plan.link)
    held = _held(faults or [], nodes=len(plan.load.nodes), with_link=kind != "none")
    lab = LabSettings(
        seed=plan.seed,
        nodes=plan.load.nodes,
        images=plan.images,
        images_bytes=plan.disk_bytes,
        link=kind,
        auth=plan.registry_auth,
        registry_port=plan.registry_port,
        token_lifetime_s=plan.token_lifetime_s,
        password=secrets.token_urlsafe(18),
        toxiproxy_path=toxiproxy_path(),
        cache_folder=cache_folder(),
        open_link_control=True,
    )
    with shown(Console(stderr=True), plan.scenario, 0.0, quiet=quiet or as_json) as watcher:
        options = UpOptions(
            name=plan.scenario,
            seed=plan.seed,
            reports=reports,
            faults=held,
            watchers=(watcher,),
        )
        announce = _print_json if as_json else _print_lines
        try:
            run_until_stopped(lambda: stand(lab, options, announce), say=complain)
        except (EnvironmentFailed, RecordingError, RunFolderError) as error:
            fail(f"harness: {error}", ExitCode.ENVIRONMENT)


def _plan(scenario: Path | None, settings: list[str]) -> "Plan":
    from harness.plan import build_plan
    from harness.scenario import ScenarioError, load, load_text

    try:
        if scenario is None:
            return build_plan(load_text("up", _DEFAULT, settings))
        return build_plan(load(scenario, settings))
    except ScenarioError as error:
        fail(str(error), ExitCode.USAGE)


def _held(texts: list[str], *, nodes: int, with_link: bool) -> "tuple[HeldFault, ...]":
    from harness.plan import planned_where
    from harness.scenario import ScenarioError, read_held_fault
    from harness.seams import Seam
    from harness.up import HeldFault

    held, complaints = [], []
    for text in texts:
        try:
            entry = read_held_fault(text, nodes)
        except ScenarioError as error:
            complaints.append(str(error))
            continue
        if not with_link and Seam.LINK in entry.fault.seams_needed():
            complaints.append(f"--fault {text}: bites the link, which link: none leaves out")
        where = planned_where(entry, nodes)
        held.append(HeldFault(word=entry.word, fault=entry.fault, where=where))
    if complaints:
        fail("\n".join(complaints), ExitCode.USAGE)
    return tuple(held)


def _print_json(description: dict[str, Any]) -> None:
    print(json.dumps(description), flush=True)


def _print_lines(description: dict[str, Any]) -> None:
    """The same for people."""
    registry, credentials = description["registry"], description["credentials"]
    print(f"registry     {registry['url']}  (through the {description['link']['kind']} link)")
    print(f"  direct     {registry['direct_url']}")
    if description["link"]["control_url"]:
        print(f"link         {description['link']['control_url']}")
    print(f"resolver     {description['resolver']['address']}")
    if credentials:
        print(f"credentials  {credentials['username']} {credentials['password']}")
    for name, image in description["images"].items():
        print(f"image        {name}  {image['digest']}  {image['bytes'] / 2**20:,.0f} MiB")
    print(f"run folder   {description['run_folder']}")
    print("Ctrl-C closes it.", flush=True)
