"""A scenario on simulated nodes: a normal run folder, in virtual time, the same for each seed."""

import asyncio
import math
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.analysis import RecordedRun, analyse
from harness.plan.plan import build_plan
from harness.recording.events import Aborted, Event, LoadStarted, RunEnded
from harness.recording.recording import read_events
from harness.report.text import findings_text
from harness.run.run import Ended, RunOptions, run_plan
from harness.scenario import ScenarioError, load_text

ROOT = Path(__file__).parents[3]
HOUR = """\
name: hour
environment:
  registry: {auth: none}
  cluster: {provider: simulated, nodes: 3}
images: {app: {size: 1GiB, layers: 2}}
load:
  rollouts: [{name: app, image: app, replicas: 3, at: 0s}]
  pulls: [{image: app, rate: 1/min, users: 2, for: 1h}]
faults:
  - {server_errors: {status: 503}, at: 30m, for: 5m}
"""
REPEATED = """\
name: repeated
environment:
  registry: {auth: token}
  cluster: {provider: simulated, nodes: 1, max_concurrent_downloads: 1}
images: {app: {size: 300KiB, layers: 3}}
load: {pulls: [{image: app, rate: 1/s, at: 500ms, for: 10s}]}
faults:
  - FAULT
    at: 4s
    for: 3s
"""
PUSHES_ONLY = """\
name: pushes-only
environment: {cluster: {provider: simulated, nodes: 1}}
load: {pushes: [{repository: app, size: 64KiB, rate: 1/s, for: 5s}]}
"""


def ran(folder: Path, text: str, seed: int = 1, **more: Any) -> Ended:
    """Run the scenario in `text`."""
    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(
        run_plan(build_plan(load_text("scenario", text), seed), options(folder, text, **more))
    )


def options(folder: Path, text: str, **more: Any) -> RunOptions:
    return RunOptions(
        reports=folder,
        scenario_text=text,
        command="harness run",
        link="auto",
        cache_folder=folder / "cache",
        **more,
    )


def simulated(name: str) -> str:
    """A scenario of the harness, on simulated nodes."""
    text = (ROOT / "scenarios" / name).read_text(encoding="utf-8")
    return text.replace("provider: emulated", "provider: simulated")


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "samples").iterdir())
    }


def test_a_scenario_gets_the_verdict_that_emulated_nodes_give_it(tmp_path: Path) -> None:
    """The outage delays pods by back-off, they recover, and the report says it was simulated."""
    ended = ran(tmp_path, simulated("quickstart.yaml"))
    assert ended.reason == "finished"
    findings = analyse(RecordedRun.load(ended.folder)).findings
    text = findings_text(findings)
    assert (findings.verdict, findings.delay[0].ready) == ("pass", 32)
    assert "Simulated: nodes, network and registry were modelled" in text
    assert findings.faults[0].bites
    assert max(it.p90.value_s or 0 for it in findings.delay if it.name == "during") > 10


def test_the_same_seed_gives_the_same_bytes_of_samples(tmp_path: Path) -> None:
    """Also with tokens, certificates and draws; another seed gives others."""
    text = simulated("tls/expired-certificate.yaml")
    first, again, other = (
        digests(ran(tmp_path / name, text, seed).folder)
        for name, seed in (("one", 7), ("two", 7), ("three", 8))
    )
    assert first == again
    assert first != other
    assert {"pods.parquet", "pulls.parquet", "requests.parquet"} <= set(first)


def test_time_is_virtual_and_no_byte_is_made(tmp_path: Path) -> None:
    """An hour with a gigabyte a pull: its times are the scenario's, its registry holds nothing."""
    ended = ran(tmp_path, HOUR)
    events = read_events(ended.folder).events
    run_ended = next(event for event in events if isinstance(event, RunEnded))
    assert run_ended.reason == "finished"
    assert 3540 < run_ended.at_s < 3660
    assert next(event for event in events if isinstance(event, LoadStarted)).at_s == 0
    findings = analyse(RecordedRun.load(ended.folder)).findings
    assert findings.pulls[0].bytes_sum >= 50 << 30
    assert findings.faults[0].bites


@pytest.mark.parametrize(
    ("fault", "auth"),
    [
        ("server_errors: {status: 503}", "none"),
        ("latency: {delay: 500ms}", "none"),
        ("registry_pause:", "none"),
        ("corrupted_blob: {on: rest}", "token"),
        ("missing_tag: {on: rest}", "token"),
        ("missing_repository:", "token"),
        ("pull_rate_limit: {limit: 0}", "token"),
        ("expired_credentials:", "token"),
        ("wrong_credentials:", "token"),
    ],
)
def test_an_answer_that_is_known_is_not_given_under_a_fault(
    tmp_path: Path, fault: str, auth: str
) -> None:
    """Pulls of one image over and over: those in the fault fail or are late, the others are not."""
    ended = ran(tmp_path, REPEATED.replace("FAULT", fault).replace("auth: token", f"auth: {auth}"))
    pulls = pq.read_table(ended.folder / "samples" / "pulls.parquet").to_pylist()
    took = {
        row["due_s"]: row["ended_s"] - row["due_s"] if row["outcome"] == "ok" else math.inf
        for row in pulls
    }
    assert len(took) == 10
    for due_s, seconds in took.items():
        assert (seconds > 0.4) == (4 < due_s < 7), (due_s, seconds)


def test_a_token_that_has_run_out_gets_no_known_answer(tmp_path: Path) -> None:
    """The manifest comes so late that the config, known long since, is asked for in vain."""
    fault = "slow_first_byte: {delay: 600ms}\n    where: {kinds: [manifest]}"
    text = REPEATED.replace("FAULT", fault)
    ended = ran(tmp_path, text.replace("auth: token", "auth: token, token_lifetime: 500ms"))
    requests = pq.read_table(ended.folder / "samples" / "requests.parquet").to_pylist()
    refused = [row for row in requests if (row["kind"], row["status"]) == ("blob", 401)]
    assert refused


def test_a_run_of_pushes_only_has_no_image_to_try(tmp_path: Path) -> None:
    """It finishes, with its pushes."""
    ended = ran(tmp_path, PUSHES_ONLY)
    assert ended.reason == "finished"
    assert set(digests(ended.folder)) == {"pushes.parquet", "requests.parquet"}


def test_a_limit_aborts_a_simulated_run(tmp_path: Path) -> None:
    """In virtual time, as soon as it is passed."""
    limit = "abort_when: [{metric: pull_error_rate, over: 30s, above: 50%}]\n"
    ended = ran(tmp_path, HOUR + limit)
    assert ended.reason == "aborted"
    aborted = [event for event in read_events(ended.folder).events if isinstance(event, Aborted)]
    assert 1800 < aborted[0].at_s < 2100


def test_a_cancelled_simulation_heals_and_is_reported_as_interrupted(tmp_path: Path) -> None:
    """Ctrl-C in the middle: its thread ends, the recording says so."""
    seen: list[Event] = []

    async def main() -> Ended:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()

        def watch(event: Event) -> None:
            seen.append(event)
            if event.name == "fault_injected":
                loop.call_soon_threadsafe(task.cancel)

        return await run_plan(
            build_plan(load_text("scenario", HOUR), 1), options(tmp_path, HOUR, watchers=(watch,))
        )

    assert asyncio.run(main()).reason == "interrupted"
    names = [event.name for event in seen]
    assert names.index("fault_healed") < names.index("run_ended")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"environment.registry.provider": "distribution"},
            "must be embedded with simulated nodes, got distribution",
        ),
        (
            {"environment.cluster.provider": "emulated", "environment.cluster.nodes": "2001"},
            "must be at most 2,000 for emulated nodes, got 2,001",
        ),
        (
            {"environment.cluster.nodes": "100001"},
            "less than or equal to 100000",
        ),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_the_run(
    settings: dict[str, str], problem: str
) -> None:
    """One sentence with the key, the value and the rule."""
    with pytest.raises(ScenarioError, match=problem):
        load_text("scenario", HOUR, [f"{key}={value}" for key, value in settings.items()])
