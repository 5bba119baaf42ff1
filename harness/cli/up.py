"""`harness up`: the environment alone, for other people's clients."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.cluster_contexts import require_none
from harness.cli.options import (
    AllowRegistryOption,
    ClusterChoice,
    ClusterOption,
    KeepOption,
    KindConfigOption,
    KindImageOption,
    LinkChoice,
    LinkOption,
    NodesOption,
    QuietOption,
    ReportsOption,
    ReuseOption,
    SetOption,
    VarFileOption,
    link_kind,
)
from harness.cli.scenario_files import overrides_of, read_scenario
from harness.cli.settings import (
    cache_folder,
    cluster_options,
    complain,
    fail,
    toxiproxy_path,
)
from harness.cli.upstream import upstream_of
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.environment.lab_settings import LinkKind
    from harness.plan.plan import Plan
    from harness.run.up import HeldFault
    from harness.scenario.document import Overrides


FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="FAULT",
        help="Keep a fault active, as in --fault 'latency: {delay: 200ms}'; may be repeated.",
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="The registry to imitate, such as docker_hub or ecr."
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(up)


def up(
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Use the environment of this scenario.", metavar="SCENARIO"),
    ] = None,
    faults: FaultOption = None,
    profile: ProfileOption = None,
    settings: SetOption = None,
    var_files: VarFileOption = None,
    allow_registry: AllowRegistryOption = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="HTTPS, as with --set environment.registry.tls=true.")
    ] = False,
    link: LinkOption = LinkChoice.SCENARIO,
    cluster: ClusterOption = ClusterChoice.SCENARIO,
    nodes: NodesOption = None,
    keep: KeepOption = False,
    reuse: ReuseOption = None,
    kind_image: KindImageOption = None,
    kind_config: KindConfigOption = None,
    reports: ReportsOption = Path("reports"),
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object on stdout when everything is ready."),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Start only the environment, for your own client.

    It runs until Ctrl-C or SIGTERM. Prints addresses, credentials and image names, so that you
    can point docker, crane, a browser or your own tests at a registry that misbehaves.
    """
    from rich.console import Console

    from harness.cli.display import shown
    from harness.cli.stop import run_until_stopped
    from harness.environment.lab import EnvironmentFailed
    from harness.recording.recording import RecordingError
    from harness.run.environment import lab_settings
    from harness.run.folder import RunFolderError
    from harness.run.up import UpOptions, stand

    chosen = [*overrides_of(var_files, settings), *_registry_settings(profile, tls=tls)]
    plan = _plan(scenario, chosen, cluster, nodes)
    require_none(plan)
    kind = link_kind(link, plan.link)
    held = _held(faults or [], plan, link=kind)
    kind = link_kind(link, plan.link, [it.fault for it in held])
    lab = lab_settings(
        plan,
        link=kind,
        toxiproxy_path=toxiproxy_path(),
        cache_folder=cache_folder(),
        upstream=upstream_of(plan, allow_registry or ()),
        open_link_control=True,
    )
    with shown(Console(stderr=True), plan.scenario, 0.0, quiet=quiet or as_json) as watcher:
        made = cluster_options(keep=keep, reuse=reuse, image=kind_image, config=kind_config)
        options = UpOptions(
            plan=plan, reports=reports, faults=held, cluster=made, watchers=(watcher,)
        )
        announce = _print_json if as_json else _print_lines
        try:
            run_until_stopped(lambda: stand(lab, options, announce), say=complain)
        except (EnvironmentFailed, RecordingError, RunFolderError) as error:
            fail(f"harness: {error}", ExitCode.ENVIRONMENT)


def _registry_settings(profile: str | None, *, tls: bool) -> list[str]:
    """The flags as a scenario says them."""
    chosen = {"profile": profile, "tls": "true" if tls else None}
    return [f"environment.registry.{key}={value}" for key, value in chosen.items() if value]


def _plan(
    scenario: Path | None, settings: "Overrides", cluster: ClusterChoice, nodes: int | None
) -> "Plan":
    from harness.plan.plan import build_plan
    from harness.scenario import ScenarioError

    try:
        return build_plan(read_scenario(scenario, settings, cluster, nodes))
    except ScenarioError as error:
        fail(str(error), ExitCode.USAGE)


def _held(texts: list[str], plan: "Plan", *, link: "LinkKind") -> "tuple[HeldFault, ...]":
    from harness.run.up import held_fault
    from harness.scenario import ScenarioError

    held, complaints = [], []
    for text in texts:
        try:
            held.append(held_fault(text, plan, link))
        except (ScenarioError, ValueError) as error:
            complaints.append(str(error))
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
    if registry["ca_file"]:
        print(f"trust        {registry['ca_file']}  (as in curl --cacert, SSL_CERT_FILE for crane)")
    if description["link"]["control_url"]:
        print(f"link         {description['link']['control_url']}")
    print(f"resolver     {description['resolver']['address']}")
    if credentials:
        print(f"credentials  {credentials['username']} {credentials['password']}")
    if cluster := description["cluster"]:
        print(f"cluster      {cluster['name']}, namespace {cluster['namespace']}")
        print(f"  kubectl    --kubeconfig {cluster['kubeconfig']}")
        print(f"  images     {cluster['registry']}/NAME, imagePullSecrets {cluster['pull_secret']}")
    for name, image in description["images"].items():
        print(f"image        {name}  {image['digest']}  {image['bytes'] / 2**20:,.0f} MiB")
    print(f"run folder   {description['run_folder']}")
    print("Press Ctrl-C to stop.", flush=True)
