"""`harness run`: one or many scenarios to a verdict."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.ci import tell_ci
from harness.cli.cluster_contexts import with_contexts
from harness.cli.compare import (
    MinimumEffect,
    MinimumPoints,
    against_baseline,
    limits_of,
    require_comparable,
)
from harness.cli.options import (
    AllowContextOption,
    AllowRegistryOption,
    BaselinesOption,
    ClusterChoice,
    ClusterOption,
    KeepOption,
    KindConfigOption,
    KindImageOption,
    KubeconfigOption,
    LinkChoice,
    LinkOption,
    NodesOption,
    QuietOption,
    ReportsOption,
    ReuseOption,
    ScenarioPaths,
    SeedOption,
    SetOption,
    VarFileOption,
    link_kind,
)
from harness.cli.reports import print_suite
from harness.cli.scenario_files import overrides_of, read_scenario, scenario_files, warned_of
from harness.cli.settings import (
    cache_folder,
    cluster_options,
    command_line,
    complain,
    fail,
    toxiproxy_path,
    warn,
)
from harness.cli.upstream import upstream_of
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.clusters.cluster import ClusterOptions
    from harness.environment.upstream.access import UpstreamSettings
    from harness.plan.plan import Plan
    from harness.run.run import Ended
    from harness.scenario.document import Overrides

_REASON_CODES = {
    "environment": ExitCode.ENVIRONMENT,
    "interrupted": ExitCode.INTERRUPTED,
}


def add_to(app: typer.Typer) -> None:
    app.command(name="run", no_args_is_help=True)(run)


def run(
    scenarios: ScenarioPaths,
    settings: SetOption = None,
    var_files: VarFileOption = None,
    seed: SeedOption = None,
    link: LinkOption = LinkChoice.SCENARIO,
    cluster: ClusterOption = ClusterChoice.SCENARIO,
    nodes: NodesOption = None,
    keep: KeepOption = False,
    reuse: ReuseOption = None,
    kind_image: KindImageOption = None,
    kind_config: KindConfigOption = None,
    allow_context: AllowContextOption = None,
    kubeconfig: KubeconfigOption = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            envvar="HARNESS_WORKERS",
            help="Number of Locust processes that generate the load.",
        ),
    ] = 1,
    allow_registry: AllowRegistryOption = None,
    repeat: Annotated[
        int,
        typer.Option(
            min=1,
            max=100,
            envvar="HARNESS_REPEAT",
            help="Run each scenario this many times, with the same seed.",
        ),
    ] = 1,
    baseline: Annotated[
        str | None,
        typer.Option(help="Compare the results with this baseline; exit 6 on a regression."),
    ] = None,
    baselines: BaselinesOption = Path("baselines"),
    minimum_effect: MinimumEffect = "10%",
    minimum_points: MinimumPoints = "5%",
    reports: ReportsOption = Path("reports"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each run on stdout.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 whatever the verdict, for report-only jobs.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Run scenarios: set up the environment, generate load, inject faults, judge and report.

    SCENARIOS are YAML files or folders of them. Each run gets a folder below --reports with its
    events, samples, findings and report.html. Ctrl-C removes every fault and shuts down;
    a second Ctrl-C forces it.
    """
    plans = _plans(scenarios, overrides_of(var_files, settings), seed, cluster, nodes, workers)
    upstreams = {it.path: upstream_of(it.plan, allow_registry or ()) for it in plans}
    limits = limits_of(minimum_effect, minimum_points) if baseline is not None else None
    if baseline is not None:
        require_comparable(baseline, baselines, plans)
    made = cluster_options(keep=keep, reuse=reuse, image=kind_image, config=kind_config)
    made = with_contexts(made, (it.plan for it in plans), allow_context or (), kubeconfig)
    codes, folders, runs = [], [], []
    for path, plan, about in _repeats(plans, repeat):
        where = (link, made, workers, reports, about, upstreams[path])
        code, folder = _one(path, plan, *where, as_json=as_json, quiet=quiet)
        codes.append(code)
        folders += [folder] if folder else []
        runs += [(path, folder)] if folder else []
        if code == ExitCode.INTERRUPTED:
            break
    suite = print_suite(reports, folders, as_json=as_json) if len(plans) > 1 else None
    if baseline and limits and folders and ExitCode.INTERRUPTED not in codes:
        codes.append(against_baseline(baseline, baselines, folders, limits, as_json=as_json))
    tell_ci(runs, suite)
    worst = _worst(codes)
    raise typer.Exit(ExitCode.PASS if exit_zero and worst in _JUDGED else worst)


_JUDGED = {
    ExitCode.PASS,
    ExitCode.FAIL,
    ExitCode.INCONCLUSIVE,
    ExitCode.ABORTED,
    ExitCode.REGRESSION,
}
_HEAVIEST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.BUG,
    ExitCode.USAGE,
    ExitCode.ENVIRONMENT,
    ExitCode.FAIL,
    ExitCode.ABORTED,
    ExitCode.REGRESSION,
    ExitCode.INCONCLUSIVE,
    ExitCode.PASS,
)


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """One scenario to run. `content_sha256`: what it asks for, see harness.scenario.sources."""

    path: Path
    plan: "Plan"
    content_sha256: str


def _repeats(
    ordered: list[Ordered], times: int
) -> "Iterator[tuple[Path, Plan, Mapping[str, Any]]]":
    """Each scenario as often as asked, and what its run.json says of that."""
    for one in ordered:
        group = secrets.token_hex(3)
        for index in range(1, times + 1):
            about: dict[str, Any] = {"scenario_sha256": one.content_sha256}
            if times > 1:
                about["repeat"] = {"group": group, "index": index, "of": times}
            yield one.path, one.plan, about


def _worst(codes: list[ExitCode]) -> ExitCode:
    return min(codes, key=_HEAVIEST_FIRST.index, default=ExitCode.PASS)


def _plans(
    scenarios: list[Path],
    settings: "Overrides",
    seed: int | None,
    cluster: ClusterChoice,
    nodes: int | None,
    workers: int,
) -> list[Ordered]:
    """Every scenario's plan, before anything is started; all complaints at once."""
    from harness.plan.plan import build_plan
    from harness.scenario import ScenarioError
    from harness.scenario.sources import content_sha256

    plans, complaints = [], []
    for path in scenario_files(scenarios):
        try:
            scenario = read_scenario(path, settings, cluster, nodes)
            plan = build_plan(scenario, scenario.seed if seed is None else seed)
        except ScenarioError as error:
            complaints.append(str(error))
        else:
            plans.append(Ordered(path=path, plan=plan, content_sha256=content_sha256(scenario)))
            warn(warned_of(scenario, plan, workers))
    if complaints:
        fail("\n".join(complaints), ExitCode.USAGE)
    return plans


def _one(
    path: Path,
    plan: "Plan",
    link: LinkChoice,
    cluster: "ClusterOptions",
    workers: int,
    reports: Path,
    about: "Mapping[str, Any]",
    upstream: "UpstreamSettings | None",
    *,
    as_json: bool,
    quiet: bool,
) -> "tuple[ExitCode, Path | None]":
    """The exit code of one run, and its folder when there is one."""
    from rich.console import Console

    from harness.cli.display import shown
    from harness.cli.stop import run_until_stopped
    from harness.run.folder import RunFolderError
    from harness.run.run import RunOptions, run_plan

    console = Console(stderr=True)
    heals_s = {(fault.id, fault.occurrence): fault.ends_s for fault in plan.faults}
    with shown(console, plan.scenario, plan.ends_s, quiet=quiet, heals_s=heals_s) as watcher:
        options = RunOptions(
            reports=reports,
            scenario_text=path.read_text(encoding="utf-8"),
            command=command_line(),
            link=link_kind(link, plan.link, [planned.fault for planned in plan.faults]),
            workers=workers,
            toxiproxy_path=toxiproxy_path(),
            cache_folder=cache_folder(),
            cluster=cluster,
            upstream=upstream,
            watchers=(watcher,),
            about=about,
        )
        try:
            ended = run_until_stopped(lambda: run_plan(plan, options), say=complain)
        except RunFolderError as error:
            complain(f"harness: {error}")
            return ExitCode.ENVIRONMENT, None
    return _judge(ended, as_json=as_json), ended.folder


def _judge(ended: "Ended", *, as_json: bool) -> ExitCode:
    """Report on what was recorded; a run that was stopped early is left for `harness report`."""
    if code := _REASON_CODES.get(ended.reason):
        if ended.error:
            complain(f"harness: {ended.error}")
        complain(f"recording: {ended.folder}  (harness report {ended.folder} builds the pages)")
        return code
    if ended.error:
        complain(f"harness: {ended.error}")
    from harness.cli.reports import NotWritten, print_findings, written

    try:
        findings = written(ended.folder)
    except NotWritten as error:
        complain(f"harness: {error}")
        return ExitCode.INCONCLUSIVE
    if as_json:
        print(json.dumps({**findings.as_json(), "folder": str(ended.folder)}))
    else:
        print_findings(findings, ended.folder)
    return ExitCode(findings.exit_code)
