"""`harness run`: one or many scenarios to a verdict."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.abort_permission import require_signals_allowed
from harness.cli.baseline_gate import (
    BaselineOption,
    RequireBaselineOption,
    against_baselines,
    gates_of,
)
from harness.cli.chosen_scenarios import Run, ShardOption, TagOption, chosen, repeats
from harness.cli.ci import tell_ci
from harness.cli.cluster_contexts import with_contexts
from harness.cli.compare import MinimumEffect, MinimumPoints, limits_of
from harness.cli.options import (
    AllowCommandsOption,
    AllowContextOption,
    AllowRegistryOption,
    AllowSignalOption,
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
from harness.cli.reports import print_suite, write_junit
from harness.cli.scenario_files import overrides_of
from harness.cli.settings import (
    cache_folder,
    cluster_options,
    command_line,
    complain,
    toxiproxy_path,
)
from harness.cli.upstream import upstream_of
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.clusters.cluster import ClusterOptions
    from harness.environment.upstream.access import UpstreamSettings
    from harness.run.run import Ended

_REASON_CODES = {
    "environment": ExitCode.ENVIRONMENT,
    "interrupted": ExitCode.INTERRUPTED,
}


WorkersOption = Annotated[
    int,
    typer.Option(
        min=1,
        max=64,
        envvar="HARNESS_WORKERS",
        metavar="NUMBER",
        help="Number of Locust processes that generate the load.",
    ),
]
RepeatOption = Annotated[
    int,
    typer.Option(
        min=1,
        max=100,
        envvar="HARNESS_REPEAT",
        metavar="NUMBER",
        help="Run each scenario this many times, with the same seed.",
    ),
]
RunsAsJsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object for each run on stdout.")
]
JunitOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write the JUnit cases of all runs to one file."),
]
ExitZeroOption = Annotated[
    bool, typer.Option("--exit-zero", help="Exit 0 whatever the verdict, for report-only jobs.")
]


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
    workers: WorkersOption = 1,
    allow_registry: AllowRegistryOption = None,
    allow_signal: AllowSignalOption = None,
    allow_commands: AllowCommandsOption = False,
    repeat: RepeatOption = 1,
    tags: TagOption = None,
    shard: ShardOption = None,
    baseline: BaselineOption = None,
    require_baseline: RequireBaselineOption = False,
    baselines: BaselinesOption = Path("baselines"),
    minimum_effect: MinimumEffect = "10%",
    minimum_points: MinimumPoints = "5%",
    reports: ReportsOption = Path("reports"),
    as_json: RunsAsJsonOption = False,
    junit: JunitOption = None,
    exit_zero: ExitZeroOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run scenarios: load, faults, verdict and report.

    Each run gets a folder below --reports with its
    events, samples, findings and report.html. Ctrl-C removes every fault and shuts down;
    a second Ctrl-C forces it.
    """
    overrides = overrides_of(var_files, settings)
    asked = (seed, cluster, nodes, workers)
    plans = chosen(scenarios, overrides, *asked, tags=tags or (), shard=shard)
    ordered = ((it.path, it.plan) for it in plans)
    require_signals_allowed(ordered, allow_signal or (), commands=allow_commands)
    upstreams = {it.path: upstream_of(it.plan, allow_registry or ()) for it in plans}
    limits = limits_of(minimum_effect, minimum_points) if baseline is not None else None
    gates = gates_of(baseline, baselines, plans, required=require_baseline)
    made = cluster_options(keep=keep, reuse=reuse, image=kind_image, config=kind_config)
    made = with_contexts(made, (it.plan for it in plans), allow_context or (), kubeconfig)
    every = list(repeats(plans, repeat))
    codes, ended = [], []
    for number, one in enumerate(every, start=1):
        title = f"{one.named} (run {number} of {len(every)})" if len(every) > 1 else ""
        where = (link, made, workers, reports, upstreams[one.ordered.path], title)
        code, folder = _one(one, *where, as_json=as_json, quiet=quiet)
        codes.append(code)
        ended += [(one, folder)] if folder else []
        if code == ExitCode.INTERRUPTED:
            break
    if limits and ExitCode.INTERRUPTED not in codes:
        codes += against_baselines(gates, ended, limits, as_json=as_json)
    _tell(reports, ended, junit, many=len(every) > 1, as_json=as_json)
    worst = _worst(codes)
    raise typer.Exit(ExitCode.PASS if exit_zero and worst in _JUDGED else worst)


def _tell(
    reports: Path, ended: "list[tuple[Run, Path]]", junit: Path | None, *, many: bool, as_json: bool
) -> None:
    """What is reported of all runs together: the suite, the CI server, one JUnit file."""
    folders = [folder for _, folder in ended]
    suite = print_suite(reports, folders, as_json=as_json) if many and folders else None
    tell_ci([(one.ordered.path, folder) for one, folder in ended], suite)
    if junit is not None:
        write_junit(junit, [(folder, one.repeat) for one, folder in ended])


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


def _worst(codes: list[ExitCode]) -> ExitCode:
    return min(codes, key=_HEAVIEST_FIRST.index, default=ExitCode.PASS)


def _one(
    one: Run,
    link: LinkChoice,
    cluster: "ClusterOptions",
    workers: int,
    reports: Path,
    upstream: "UpstreamSettings | None",
    title: str,
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

    console, plan = Console(stderr=True), one.ordered.plan
    heals_s = {(fault.id, fault.occurrence): fault.ends_s for fault in plan.faults}
    with shown(console, title or one.named, plan.ends_s, quiet=quiet, heals_s=heals_s) as watcher:
        options = RunOptions(
            reports=reports,
            scenario_text=one.ordered.path.read_text(encoding="utf-8"),
            command=command_line(),
            link=link_kind(link, plan.link, [planned.fault for planned in plan.faults]),
            workers=workers,
            toxiproxy_path=toxiproxy_path(),
            cache_folder=cache_folder(),
            cluster=cluster,
            upstream=upstream,
            watchers=(watcher,),
            about=one.about,
        )
        try:
            ended = run_until_stopped(lambda: run_plan(plan, options), say=complain)
        except RunFolderError as error:
            complain(f"harness: {error}")
            return ExitCode.ENVIRONMENT, None
    return _judge(ended, one, title, as_json=as_json), ended.folder


def _judge(ended: "Ended", one: Run, title: str, *, as_json: bool) -> ExitCode:
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
        repeat = {key: it for key, it in one.about.items() if key == "repeat"}
        print(json.dumps({**findings.as_json(), "folder": str(ended.folder), **repeat}))
    else:
        print_findings(findings, ended.folder, title)
    return ExitCode(findings.exit_code)
