"""Writes run folders by hand, through the documented schema: what a run would have recorded."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.analysis import Analysis, Findings, RecordedRun, analyse
from harness.cli.settings import cache_folder
from harness.recording.events import (
    Event,
    FaultHealed,
    FaultInjected,
    GeneratorHealth,
    LoadEnded,
    LoadStarted,
    RoomOpened,
    RunEnded,
    RunStarted,
    SteadyStateChecked,
)
from harness.recording.samples import TABLES
from harness.report import write_reports
from harness.report.bundle import javascript_beside

NAN = float("nan")
_BLANK: dict[str, Any] = {"str": "", "float": NAN, "int": 0, "bool": False}
_ARROW = {"str": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}


@dataclass
class RunFolder:
    """A recording in the making; `write` makes the files."""

    scenario: str = "dns-outage"
    seed: int = 7
    expect: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    rollouts: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)  # the plan's streams
    events: list[Event] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )

    def began(self, kind: str = "embedded") -> None:
        """Everything up and steady, and the load on its way."""
        self.events += [
            RunStarted(at_s=0, run_id="c0ffee", scenario=self.scenario, seed=self.seed),
            RoomOpened(at_s=0, room="registry", took_s=0.4, details={"provider": "embedded"}),
            RoomOpened(at_s=0, room="link", took_s=0.2, details={"kind": kind}),
            SteadyStateChecked(at_s=0, ok=True, when="before"),
            LoadStarted(at_s=0, workers=1),
        ]

    def fault(
        self,
        fault: str,
        start_s: float,
        end_s: float,
        *,
        bites: int | None = 5,
        where: dict[str, Any] | None = None,
        occurrence: int = 1,
        healed: bool = True,
    ) -> None:
        """One planned and injected occurrence."""
        word = fault.rpartition("-")[0]
        self.faults.append(
            {
                "id": fault,
                "word": word,
                "occurrence": occurrence,
                "at_s": start_s,
                "ends_s": end_s,
                "where": where or {},
                "settings": {"share": 1.0},
            }
        )
        self.events.append(
            FaultInjected(
                at_s=start_s, fault=fault, word=word, occurrence=occurrence, planned_s=start_s
            )
        )
        if healed:
            self.events.append(
                FaultHealed(at_s=end_s, fault=fault, word=word, occurrence=occurrence, bites=bites)
            )

    def ended(self, at_s: float, reason: str = "finished") -> None:
        self.events += [
            GeneratorHealth(at_s=at_s, process="load-1", cpu_share=0.3, resident_bytes=90 << 20),
            LoadEnded(at_s=at_s, complete=True),
            RunEnded(at_s=at_s, reason=reason),
        ]

    def row(self, table: str, **values: Any) -> None:
        """One sample; columns that are not given are blank."""
        columns = TABLES[table]
        assert not set(values) - set(columns), f"{table}: {set(values) - set(columns)}"
        self.tables[table].append({name: _BLANK[kind] for name, kind in columns.items()} | values)

    def pod(self, pod: str, created_s: float, delay_s: float = NAN, **values: Any) -> None:
        """A pod that became ready after `delay_s`, or (NaN) was watched until `ended_s`."""
        ready = delay_s == delay_s  # noqa: PLR0124  NaN test
        parts = {"download_s": delay_s - 0.5, "start_s": 0.5} if ready else {}
        known = {
            "pod": pod,
            "rollout": "app-1",
            "node": "node-0",
            "image": "registry.harness.test/app:v1",
            "created_s": created_s,
            "scheduled_s": created_s,
            "ready_s": created_s + delay_s,
            "delay_s": delay_s,
            "outcome": "ok" if ready else "unfinished",
            "attempts": 1,
            "round": 1,
            "ended_s": created_s + delay_s,
        }
        self.row("pods", **(known | parts | values))

    def pull(self, pull: str, started_s: float, ended_s: float, **values: Any) -> None:
        known = {
            "pull": pull,
            "node": "node-0",
            "image": "registry.harness.test/app:v1",
            "attempt": 1,
            "started_s": started_s,
            "due_s": started_s,
            "ended_s": ended_s,
            "outcome": "ok",
            "bytes": 1000,
            "requests": 4,
        }
        self.row("pulls", **(known | values))

    def push(self, push: str, started_s: float, ended_s: float, **values: Any) -> None:
        known = {
            "push": push,
            "node": "clients",
            "repository": "builds",
            "due_s": started_s,
            "started_s": started_s,
            "ended_s": ended_s,
            "outcome": "ok",
            "bytes": 1000,
            "requests": 3,
        }
        self.row("pushes", **(known | values))

    def request(self, pull: str, sent_s: float, done_s: float, **values: Any) -> None:
        known = {
            "pull": pull,
            "node": "node-0",
            "kind": "blob",
            "method": "GET",
            "status": 200,
            "due_s": sent_s,
            "sent_s": sent_s,
            "first_byte_s": sent_s,
            "done_s": done_s,
            "bytes": 250,
            "outcome": "ok",
        }
        self.row("requests", **(known | values))

    def write(self, folder: Path) -> Path:
        """The files of the run folder; the samples of each table in two batches."""
        (folder / "samples").mkdir(parents=True)
        plan = {
            "scenario": self.scenario,
            "summary": "A name server that does not know the registry.",
            "seed": self.seed,
            "load": {"rollouts": self.rollouts, "pulls": self.pulls},
            "faults": self.faults,
            "expectations": self.expect,
        }
        run = {
            "run_id": "c0ffee",
            "scenario": self.scenario,
            "seed": self.seed,
            "started": "2026-11-24T10:00:00+00:00",
            "command": f"harness run scenarios/{self.scenario}.yaml",
            "workers": 1,
            "versions": {"python": "3.11.7", "registry-harness": "0.1.0", "locust": "2.40.0"},
            "host": {"system": "Linux", "cpus": 2, "memory_bytes": 8 << 30},
        }
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
        lines = "".join(event.line() + "\n" for event in self.events)
        (folder / "events.jsonl").write_text(lines, encoding="utf-8", errors="replace")
        for table, rows in self.tables.items():
            half = len(rows) // 2
            for number, batch in enumerate((rows[:half], rows[half:])):
                if batch:
                    path = folder / "samples" / f"{table}-load1-{number:05}.parquet"
                    pq.write_table(_arrow(table, batch), path)
        return folder


def _arrow(table: str, rows: list[dict[str, Any]]) -> Any:
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in TABLES[table].items()])
    return pa.Table.from_pylist(rows, schema=schema)


def outage(*, pods: int = 60, healed: bool = True, bites: int | None = 40) -> RunFolder:
    """A DNS outage from 20 s to 50 s under a rollout every two seconds, with kubelet's back-off.

    Pods before take 1 s, pods during fail until their next try after the heal.
    """
    run = RunFolder()
    run.began()
    run.fault(
        "dns_nxdomain-1", 20, 50, bites=bites, where={"nodes": [], "kinds": []}, healed=healed
    )
    for number in range(pods):
        _outage_pod(run, number, created_s=number * 90 / pods)
    run.ended(120)
    return run


def _outage_pod(run: RunFolder, number: int, created_s: float) -> None:
    pod, node = f"app-{number:03}", f"node-{number % 4}"
    delays = (0.0, 13.0, 39.0, 80.0)  # kubelet tries again after these, about
    tries = [created_s + 0.2 + delay + (number % 3 if delay else 0) for delay in delays]
    attempt, backoff = 1, 0.0
    for attempt, at_s in enumerate(tries, start=1):
        pull = f"{pod}/{attempt}"
        backoff = at_s - tries[0]
        if 20 <= at_s < 50:
            text = (
                f'failed to resolve image: failed to do request: Head "http://registry.harness.test'
                f'/v2/app/manifests/v1": dial tcp: lookup registry.harness.test on '
                f"127.0.0.1:{40000 + number}: no such host"
            )
            run.pull(
                pull,
                at_s,
                at_s + 0.1,
                pod=pod,
                node=node,
                attempt=attempt,
                outcome="failed",
                cause="dns",
                error_text=text,
                bytes=0,
                requests=1,
                resolve_s=0.1,
            )
            run.request(
                pull, at_s, at_s + 0.1, node=node, kind="dns", status=0, bytes=0,
                outcome="failed", cause="dns",
            )  # fmt: skip
            continue
        size = 32 << 20
        run.pull(
            pull, at_s, at_s + 0.7, pod=pod, node=node, attempt=attempt, bytes=size,
            resolve_s=0.05, auth_s=0.05, manifest_s=0.1, download_s=0.4, unpack_s=0.1,
        )  # fmt: skip
        for kind, taken in (("token", 0.05), ("manifest", 0.1), ("blob", 0.4)):
            run.request(
                pull, at_s, at_s + taken, node=node, kind=kind, bytes=size * (kind == "blob")
            )
        break
    run.pod(
        pod,
        created_s,
        backoff + 1.0,
        node=node,
        attempts=attempt,
        schedule_s=0.1,
        queue_s=0.1,
        resolve_s=0.05 + 0.1 * (attempt - 1),
        auth_s=0.05,
        manifest_s=0.1,
        download_s=0.4,
        unpack_s=0.1,
        backoff_s=max(0.0, backoff - 0.1 * (attempt - 1)),
        start_s=0.1,
    )


def analysed(run: RunFolder, folder: Path) -> Analysis:
    """`run` written below `folder`, and what the analysis makes of it."""
    return analyse(RecordedRun.load(run.write(folder / "run")))


def reported(run_folder: Path) -> Findings:
    """Write the reports of a run. The page's drawing library is kept: making it takes a second."""
    return write_reports(run_folder, cache_folder())


def drawing_library() -> str:
    """The page's, kept likewise."""
    with javascript_beside(cache_folder()) as script:
        return script()
