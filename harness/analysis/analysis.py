"""Every question asked of one recording, in order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.analysis import series
from harness.analysis.bites import Traffic, fault_findings
from harness.analysis.breakdown import breakdown_findings, recovery_breakdown
from harness.analysis.client_pool import limited_streams
from harness.analysis.delay import backoff_findings, delay_findings, parts_findings
from harness.analysis.error_groups import error_groups
from harness.analysis.expectations import Evidence, judge
from harness.analysis.failed_repositories import failing_findings, failing_pushes
from harness.analysis.findings import (
    FaultFinding,
    Findings,
    RecordingFacts,
    RunFacts,
)
from harness.analysis.latencies import latency_findings, latency_over_time
from harness.analysis.load_health import LoadEvidence, load_health
from harness.analysis.machine_load import machine_finding
from harness.analysis.plan_facts import (
    planned_expectations,
    planned_faults,
    planned_pods,
    with_missing_pods,
)
from harness.analysis.pulls import (
    due_of,
    pulls_findings,
    pushes_findings,
    request_rates,
    requests_findings,
)
from harness.analysis.real_nodes import node_metrics, watched
from harness.analysis.recorded_run import RecordedRun
from harness.analysis.recovery import recoveries, recovery_findings
from harness.analysis.right_image import right_image_finding, with_built_digest
from harness.analysis.stopped import how_it_ended, stopped_early
from harness.analysis.subsets import subsets
from harness.analysis.throughput import (
    bin_edges,
    bytes_over_time,
    due_over_time,
    endings_over_time,
    pods_over_time,
    throughput_finding,
)
from harness.analysis.verdict import excuse_the_registry, headline, overall, reasons
from harness.analysis.windows import FaultWindow, failed_faults, phases, windows
from harness.recording.events import (
    GeneratorHealth,
    LoadEnded,
    LoadStarted,
    MachineHealth,
    RoomOpened,
    RunStarted,
)


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Findings, and the frames behind them: `tables` for files, `series` for charts."""

    findings: Findings
    tables: Mapping[str, pd.DataFrame]
    series: Mapping[str, pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class _Frames:
    """The samples with their phases."""

    pods: pd.DataFrame
    pulls: pd.DataFrame
    pushes: pd.DataFrame
    requests: pd.DataFrame
    pod_events: pd.DataFrame
    pods_not_due: int
    over_time: pd.DataFrame
    bin_s: float
    series: Mapping[str, pd.DataFrame]


def analyse(recorded: RecordedRun) -> Analysis:
    """Everything that can be said about `recorded`, whole or not."""
    end_s = recorded.end_s
    seen = windows(recorded.events, end_s)
    frames = _frames(recorded, seen, end_s)
    planned = planned_faults(recorded.plan)
    scopes = {(fault.fault, fault.occurrence): fault.scope for fault in planned}
    recovered = recoveries(frames.pods, frames.pulls, frames.pushes, seen, scopes)
    failed = failed_faults(recorded.events)
    real_pulls = frames.pulls if watched(recorded.events) else frames.pulls.head(0)
    traffic = Traffic(requests=frames.requests, real_pulls=real_pulls)
    faults = fault_findings(planned, seen, failed, traffic)
    evidence = Evidence(
        pods=frames.pods,
        pulls=frames.pulls,
        pushes=frames.pushes,
        requests=frames.requests,
        recoveries=recovered,
        end_s=end_s,
        stopped=stopped_early(recorded.events),
        windows=seen,
        scopes=scopes,
    )
    findings = _findings(recorded, frames, seen, evidence, faults)
    drawn = {**frames.series, "faults": series.fault_bands(faults, end_s)}
    tables = {
        "pods": frames.pods,
        "pulls": frames.pulls,
        "pushes": frames.pushes,
        "requests": frames.requests,
        "pod_events": frames.pod_events,
    }
    return Analysis(findings=findings, tables=tables, series=drawn)


def _frames(recorded: RecordedRun, seen: Sequence[FaultWindow], end_s: float) -> _Frames:
    tables = recorded.tables
    due_by_s = end_s if _loaded(recorded) else -math.inf
    pods, not_due = with_missing_pods(tables["pods"], planned_pods(recorded.plan), due_by_s)
    rooms = {event.room: event.details for event in recorded.of(RoomOpened)}
    pods = with_built_digest(pods, rooms.get("images", {}))
    pods = pods.assign(phase=phases(pods["created_s"], pods["ended_s"], seen))
    pulls = tables["pulls"]
    pulls = pulls.assign(phase=phases(due_of(pulls), pulls["ended_s"], seen))
    pushes = tables["pushes"]
    pushes = pushes.assign(phase=phases(due_of(pushes), pushes["ended_s"], seen))
    requests = tables["requests"]
    requests = requests.assign(begun_s=requests["sent_s"].fillna(requests["due_s"]))
    requests = requests.assign(phase=phases(requests["begun_s"], requests["done_s"], seen))
    edges = bin_edges(end_s)
    over_time = bytes_over_time(requests, pulls, edges)
    return _Frames(
        pods=pods,
        pulls=pulls,
        pushes=pushes,
        requests=requests,
        pod_events=tables["pod_events"],
        pods_not_due=not_due,
        over_time=over_time,
        bin_s=float(edges[1] - edges[0]),
        series={
            "throughput": over_time,
            "pulls_over_time": endings_over_time(pulls, "ended_s", edges),
            "pushes_over_time": endings_over_time(pushes, "ended_s", edges),
            "pulls_due": due_over_time(pulls, edges),
            "pushes_due": due_over_time(pushes, edges),
            "latencies": latency_over_time(requests, edges),
            "pods_over_time": pods_over_time(pods, end_s),
            "pull_points": series.duration_points(pulls, "image"),
            "push_points": series.duration_points(pushes, "repository"),
            "delay_ecdf": series.delay_ecdf(pods),
            "delay_points": series.delay_points(pods),
            "waterfall": series.waterfall(pods, pulls),
        },
    )


def _loaded(recorded: RecordedRun) -> bool:
    """Whether the load began; when the environment could not be set up, no pod was ever due."""
    began = next(recorded.of(LoadStarted), None) is not None
    return began or any(len(table) for table in recorded.tables.values())


def _findings(
    recorded: RecordedRun,
    frames: _Frames,
    seen: Sequence[FaultWindow],
    evidence: Evidence,
    faults: tuple[FaultFinding, ...],
) -> Findings:
    run = _run_facts(recorded)
    machine = machine_finding(recorded.of(MachineHealth), frames.pods, frames.pulls, seen)
    load = load_health(
        LoadEvidence(
            pulls=frames.pulls,
            pushes=frames.pushes,
            healths=recorded.of(GeneratorHealth),
            ended=recorded.of(LoadEnded),
            machine=machine,
            limited_streams=limited_streams(recorded.plan),
            link_kind=run.link_kind,
            registry_provider=str(run.rooms.get("registry", {}).get("provider", "")),
        )
    )
    judged = excuse_the_registry(
        [judge(one, evidence) for one in planned_expectations(recorded.plan)],
        load,
        faulty=bool(faults),
    )
    found = reasons(recorded.events, judged, faults, load)
    verdict, exit_code = overall(found, judged, run.ended)
    parts = tuple(subsets(frames.pods, frames.pulls))
    return Findings(
        verdict=verdict.value,
        exit_code=int(exit_code),
        headline=headline(verdict, evidence.stopped, found, judged, faulty=bool(faults)),
        reasons=found,
        run=run,
        expectations=judged,
        faults=faults,
        delay=delay_findings(frames.pods, seen, run.seed),
        delay_parts=parts_findings(frames.pods, seen),
        recovery=recovery_findings(evidence.recoveries),
        backoff=backoff_findings(frames.pods),
        breakdown=breakdown_findings(parts, run.seed),
        recovery_breakdown=recovery_breakdown(parts, frames.pushes.head(0), seen, evidence.scopes),
        right_image=right_image_finding(frames.pods),
        pulls=pulls_findings(frames.pulls, run.seed),
        pushes=pushes_findings(frames.pushes, run.seed),
        requests=requests_findings(frames.requests),
        request_rates=request_rates(frames.requests),
        latencies=latency_findings(frames.requests),
        throughput=throughput_finding(frames.over_time, frames.bin_s),
        failing=failing_findings(frames.pulls),
        failing_pushes=failing_pushes(frames.pushes),
        errors=error_groups(frames.pulls, frames.pushes),
        load=load,
        node_metrics=node_metrics(recorded.events),
        watched=watched(recorded.events),
        recording=_recording_facts(recorded, frames),
    )


def _recording_facts(recorded: RecordedRun, frames: _Frames) -> RecordingFacts:
    return RecordingFacts(
        events=len(recorded.events),
        pods=len(frames.pods),
        pods_missing=int((~frames.pods["recorded"].astype(bool)).sum()),
        pods_not_due=frames.pods_not_due,
        pulls=len(frames.pulls),
        pushes=len(frames.pushes),
        requests=len(frames.requests),
        problems=recorded.problems,
    )


def _run_facts(recorded: RecordedRun) -> RunFacts:
    started = next(recorded.of(RunStarted), None)
    rooms = {event.room: dict(event.details) for event in recorded.of(RoomOpened)}
    load = next(recorded.of(LoadStarted), None)
    ended, error = how_it_ended(recorded.events)
    run, plan = recorded.run, recorded.plan
    seed = run.get("seed", plan.get("seed", started.seed if started else 0))
    link = rooms.get("link", {})
    return RunFacts(
        run_id=str(run.get("run_id") or (started.run_id if started else "")),
        scenario=str(
            run.get("scenario") or plan.get("scenario") or (started.scenario if started else "")
        ),
        summary=str(plan.get("summary") or ""),
        seed=seed if isinstance(seed, int) and seed >= 0 else 0,
        started=str(run.get("started") or ""),
        command=str(run.get("command") or ""),
        duration_s=recorded.end_s,
        ended=ended,
        ended_error=error,
        link_kind=str(link.get("kind") or ""),
        nodes=int(recorded.tables["pods"]["node"].nunique()),
        workers=load.workers if load else 0,
        rooms=rooms,
        versions=_strings(run.get("versions")),
        host=run["host"] if isinstance(run.get("host"), dict) else {},
    )


def _strings(value: object) -> Mapping[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
