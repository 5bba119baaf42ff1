"""Findings of recordings that are not whole."""

from pathlib import Path

from harness.analysis import RecordedRun, analyse
from harness.recording.events import ChildDied, RunEnded
from tests.recordings import RunFolder, analysed, outage


def test_a_killed_run_is_told_apart_and_its_missing_pods_count(tmp_path: Path) -> None:
    """The recording stops: planned pods that were due but left no sample are not ready."""
    run = RunFolder()
    run.began()
    run.fault("dns_nxdomain-1", 20, 50, healed=False)
    run.rollouts = [
        {
            "rollout": f"app-{number}",
            "round": number,
            "at_s": at_s,
            "image": "registry.harness.test/app:v1",
            "pods": [{"pod": f"app-{number}-{pod}", "node": f"node-{pod}"} for pod in range(2)],
        }
        for number, at_s in ((1, 0), (2, 25), (3, 500))
    ]
    run.expect = [{"metric": "pods_ready", "at_least": 1.0}]
    run.pod("app-1-0", 0, 1.0)
    run.pod("app-1-1", 0, 1.5)
    run.events.append(ChildDied(at_s=40, child="load", exit_code=-9))
    folder = run.write(tmp_path / "run")
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "load_ta')
    (folder / "samples" / "pods-load1-00009.parquet").write_bytes(b"PAR1 cut")
    findings = analyse(RecordedRun.load(folder)).findings
    every = findings.delay[0]
    assert (every.pods, every.ready, every.missing) == (4, 2, 2)
    assert findings.recording.pods_not_due == 2
    assert findings.expectations[0].verdict == "inconclusive"
    assert "recording_stops" in {reason.kind for reason in findings.reasons}
    assert [problem.partition(":")[0] for problem in findings.recording.problems] == [
        "events.jsonl",
        "samples/pods-load1-00009.parquet",
    ]
    during = next(one for one in findings.delay if one.name == "during")
    assert during.p50.value_s is None
    assert during.p50.more_than_s == 15


def test_no_pod_is_missing_from_a_load_that_never_began(tmp_path: Path) -> None:
    """The environment could not be set up: nothing was due."""
    run = RunFolder()
    run.rollouts = [
        {"rollout": "app-1", "round": 1, "at_s": 0, "image": "app", "pods": [{"pod": "a"}]}
    ]
    run.expect = [{"metric": "pods_ready", "at_least": 1.0}]
    run.events.append(RunEnded(at_s=0, reason="environment", error="no registry"))
    findings = analysed(run, tmp_path).findings
    assert (findings.recording.pods, findings.recording.pods_not_due) == (0, 1)
    assert (findings.verdict, findings.exit_code) == ("inconclusive", 3)


def test_what_ran_comes_from_whatever_knows_it(tmp_path: Path) -> None:
    """`run.json` first, then the plan, then the events."""
    folder = outage().write(tmp_path / "run")
    (folder / "run.json").unlink()
    (folder / "plan.json").unlink()
    run = analyse(RecordedRun.load(folder)).findings.run
    assert (run.run_id, run.scenario, run.seed, run.nodes) == ("c0ffee", "dns-outage", 7, 4)
    assert run.rooms["registry"] == {"provider": "embedded"}


def test_the_tables_are_the_samples_with_their_phase(tmp_path: Path) -> None:
    """Nothing is dropped."""
    tables = analysed(outage(), tmp_path).tables
    assert {name: len(frame) for name, frame in tables.items()} == {
        "pods": 60,
        "pulls": 91,
        "pushes": 0,
        "requests": 211,
        "pod_events": 0,
    }
    assert set(tables["requests"]["phase"]) == {"before", "during", "after"}
