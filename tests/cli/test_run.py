"""`harness run` as a user meets it: verdicts, exit codes, Ctrl-C, kill, and nothing left behind."""

import json
import os
import re
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import BriefRun
from tests.program import (
    LIMIT_S,
    brief,
    events,
    harness,
    left_behind,
    run_folder,
    start,
    verb,
    wait_for,
    wait_for_event,
)
from tests.scripted_server import free_port

WHOLE_FOLDER = (
    "events.jsonl findings.json journal.jsonl junit.xml plan.json report.html report.md run.json "
    "scenario.yaml tables samples"
)


@pytest.mark.xdist_group("brief run")
def test_a_run_that_meets_its_expectations_passes_and_leaves_its_folder(
    brief_run: BriefRun,
) -> None:
    """The main job: 0, a verdict on stdout, progress on stderr, every file of the folder."""
    done = brief_run.done
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("PASS")
    assert "fault latency-1 injected" in done.stderr
    names = {path.name for path in brief_run.folder.iterdir()}
    assert names >= set(WHOLE_FOLDER.split())
    assert not left_behind(brief_run.home)
    assert not (brief_run.folder / "registry").exists()


def test_the_result_as_json_is_one_object_on_stdout(tmp_path: Path) -> None:
    """It says what failed, also where --exit-zero forgives it (test_ci.py: otherwise 1)."""
    never = "{metric: pods_ready, at_most: 50%}"  # which no busy machine excuses
    path = brief(tmp_path, expectation=never)
    done = harness("run", "--json", "--quiet", "--exit-zero", path, folder=tmp_path)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert (told["verdict"], told["exit_code"]) == ("fail", 1)


def test_a_fault_that_touches_nothing_proves_nothing(tmp_path: Path) -> None:
    """Pushes are refused, but nobody pushes: inconclusive, whatever was expected."""
    done = harness("run", brief(tmp_path, "storage_quota: {status: 507}"), folder=tmp_path)
    assert done.returncode == 4
    assert "storage_quota-1" in done.stdout


def test_a_limit_that_is_passed_aborts(tmp_path: Path) -> None:
    """Every pull fails for longer than abort_when allows: 5, and the faults are healed."""
    path = brief(tmp_path, "connection_refused:", **{"for: 1s": "for: 60s", "for: 3s": "for: 60s"})
    with path.open("a", encoding="utf-8") as file:
        file.write("abort_when:\n  - {metric: pull_error_rate, over: 1s, above: 50%}\n")
    done = harness("run", path, folder=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    assert [event["event"] for event in events(tmp_path)].count("fault_healed") == 1
    assert not left_behind(tmp_path)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("run_started", signal.SIGINT),
        ("load_started", signal.SIGINT),
        ("fault_injected", signal.SIGINT),
        ("fault_injected", signal.SIGTERM),
        ("fault_healed", signal.SIGINT),
    ],
)
def test_a_signal_heals_closes_and_exits_130(
    tmp_path: Path, name: str, number: signal.Signals
) -> None:
    """In whichever phase it comes."""
    process = start("run", brief(tmp_path), folder=tmp_path)
    wait_for_event(tmp_path, name)
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130, err
    kinds = [event["event"] for event in events(tmp_path)]
    assert kinds.count("fault_healed") == kinds.count("fault_injected")
    assert kinds[-1] == "run_ended"
    assert not left_behind(tmp_path)


ABORTS = [
    ("{metric: deployment_delay, over: 1s, above: 2s}", "deployment_delay was above 2 s over 1 s"),
    ("{metric: request_error_rate, over: 1s, above: 5%}", "%, above 5% over 1 s"),
    ("{url: 'http://127.0.0.1:{port}/?key=s3cret', over: 1s, every: 200ms}", "/ failed for "),
    ("{command: ['false'], every: 200ms}", "command false failed: exited with 1"),
]


@pytest.mark.parametrize(("rule", "said"), ABORTS)
def test_whatever_aborts_says_why(tmp_path: Path, rule: str, said: str) -> None:
    """In the event, on the terminal and in the report, with the code of an abort."""
    path = brief(tmp_path, "connection_refused:", **{"for: 1s": "for: 60s", "for: 3s": "for: 60s"})
    with path.open("a", encoding="utf-8") as file:
        file.write(f"abort_when:\n  - {rule.replace('{port}', str(free_port()))}\n")
    done = harness("run", path, "--allow-commands", folder=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    (aborted,) = [event for event in events(tmp_path) if event["event"] == "aborted"]
    assert said in aborted["text"]
    assert said in done.stderr
    assert said in done.stdout
    assert said in (run_folder(tmp_path) / "report.md").read_text().replace("\\", "")
    assert "s3cret" not in done.stdout + done.stderr


def test_signals_that_the_user_did_not_allow_are_refused(tmp_path: Path) -> None:
    """Before anything is started: 2, and how to allow it."""
    path = brief(tmp_path)
    text = path.read_text(encoding="utf-8")
    for rule, flag in (
        ("{command: [touch, it-ran]}", "--allow-commands"),
        ("{url: 'http://r.test/health', over: 5s}", "--allow-signal r.test"),
    ):
        path.write_text(f"{text}abort_when:\n  - {rule}\n", encoding="utf-8")
        done = harness("run", path, folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert flag in done.stderr
    assert not (tmp_path / "reports").exists()
    assert not (tmp_path / "it-ran").exists()


def test_a_second_ctrl_c_forces(tmp_path: Path) -> None:
    """Nothing of it lives on, even when it had no time to heal in order."""
    process = start("run", brief(tmp_path), folder=tmp_path)
    wait_for_event(tmp_path, "load_started")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    wait_for(lambda: not left_behind(tmp_path), "an empty process list")


def test_after_kill_9_recover_leaves_nothing(tmp_path: Path) -> None:
    """No process lives, changed content is put back and then removed, twice is as once."""
    fault = "corrupted_blob: {on: rest}"
    process = start("run", brief(tmp_path, fault, **{"for: 1s": "for: 60s"}), folder=tmp_path)
    wait_for_event(tmp_path, "fault_injected")
    process.kill()
    process.communicate(timeout=LIMIT_S)
    done = harness("recover", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"put \d+ bytes back|bytes at \d+ were whole", done.stdout)
    wait_for(lambda: not left_behind(tmp_path), "an empty process list")
    assert not (run_folder(tmp_path) / "registry").exists()
    assert "nothing to undo" in harness("recover", folder=tmp_path).stdout


def test_a_service_that_dies_is_named_and_the_run_is_inconclusive(tmp_path: Path) -> None:
    """The link is killed in the middle: 4, its name in the output, the recording reported on."""
    path = brief(tmp_path, **{"for: 1s": "for: 20s"})
    process = start("run", path, folder=tmp_path)
    wait_for_event(tmp_path, "fault_injected")
    (link,) = [pid for pid, line in left_behind(tmp_path).items() if "harness.link" in line]
    os.kill(link, signal.SIGKILL)
    out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 4, out + err
    assert "link: exited unexpectedly" in err
    assert "Traceback" not in err
    assert (run_folder(tmp_path) / "report.html").exists()
    assert not left_behind(tmp_path)


def test_a_load_worker_that_dies_is_named_and_the_faults_are_healed(tmp_path: Path) -> None:
    """One of two workers is killed during a fault: 4, and the heal is on record."""
    path = brief(tmp_path, **{"for: 1s": "for: 20s"})
    process = start("run", path, "--workers", "2", folder=tmp_path)
    wait_for_event(tmp_path, "fault_injected")
    load = [pid for pid, line in left_behind(tmp_path).items() if "harness.load" in line]
    os.kill(max(load), signal.SIGKILL)
    out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 4, out + err
    assert "exited unexpectedly with code -9" in err
    assert "Traceback" not in err
    kinds = [event["event"] for event in events(tmp_path)]
    assert kinds.count("fault_healed") == kinds.count("fault_injected")
    assert kinds[-1] == "run_ended"
    assert not left_behind(tmp_path)


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        setting = f"environment.registry.port={port}"
        done = harness("run", "--set", setting, brief(tmp_path), folder=tmp_path)
    assert done.returncode == 3
    assert f"{port}" in done.stderr
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert not left_behind(tmp_path)


@pytest.mark.parametrize("command", ["run", "up"])
def test_reports_that_cannot_be_made_are_one_sentence(tmp_path: Path, command: str) -> None:
    """The reports path is a file: 3, and nothing was started."""
    reports = tmp_path / "taken"
    reports.write_text("a file", encoding="utf-8")
    done = verb(command, brief(tmp_path), "--reports", reports, folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "cannot be written: Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.xdist_group("brief run")
def test_pages_that_cannot_be_written_are_one_sentence(tmp_path: Path, brief_run: BriefRun) -> None:
    """A folder stands where the findings belong, as a disk that refuses them: 4, no traceback."""
    folder = shutil.copytree(brief_run.folder, tmp_path / "run")
    (folder / "findings.json").unlink()
    (folder / "findings.json").mkdir()
    done = verb("report", folder, folder=tmp_path)
    assert done.returncode == 4, done.stderr
    assert "the report cannot be written: Is a directory" in done.stderr
    assert not list(folder.glob(".*.part"))
    assert "Traceback" not in done.stderr


def test_an_image_larger_than_the_disk_is_refused_before_it_is_built(tmp_path: Path) -> None:
    done = harness("run", "--set", "images.app.size=900GiB", brief(tmp_path), folder=tmp_path)
    assert done.returncode == 3
    assert "MiB free" in done.stderr
    assert not left_behind(tmp_path)


def test_an_invalid_scenario_starts_nothing(tmp_path: Path) -> None:
    done = verb("run", brief(tmp_path, "latncy: {delay: 1s}"), folder=tmp_path)
    assert done.returncode == 2
    assert "brief.yaml:12:5 faults[0].latncy:" in done.stderr
    assert "did you mean latency?" in done.stderr
    assert not (tmp_path / "reports").exists()


@pytest.mark.xdist_group("brief run")
def test_a_partial_recording_is_reported_on(tmp_path: Path, brief_run: BriefRun) -> None:
    """What a killed run left, with a line cut in the middle and a table missing."""
    folder = shutil.copytree(brief_run.folder, tmp_path / "run")
    text = (folder / "events.jsonl").read_text(encoding="utf-8")
    (folder / "events.jsonl").write_text(text[: len(text) * 2 // 3], encoding="utf-8")
    (folder / "samples" / "pods.parquet").unlink()
    (folder / "report.html").unlink()
    done = verb("report", folder, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "report.html").exists()


def test_a_folder_of_scenarios_ends_with_one_table(tmp_path: Path) -> None:
    """On stdout after the verdicts, and as files beside the runs."""
    brief(tmp_path)
    other = (tmp_path / "brief.yaml").read_text(encoding="utf-8").replace("brief", "calm")
    (tmp_path / "calm.yaml").write_text(other, encoding="utf-8")
    done = harness("run", "--quiet", tmp_path, folder=tmp_path)
    head, *lines, total = done.stdout.splitlines()[-4:]
    assert head.startswith("Scenario  Fault")
    assert head.endswith("Recovery  Affected  Verdict")
    assert [line.split()[:2] for line in lines] == [["brief", "latency-1"], ["calm", "latency-1"]]
    assert total.startswith("2 scenarios, 2 runs, ")
    (suite,) = (tmp_path / "reports").glob("suite-*")
    names = {"suite.html", "suite.md", "suite.csv", "suite.json"}
    assert {path.name for path in suite.iterdir()} == names
    assert str(suite.name) in done.stderr


CROWDED = """\
name: crowded
environment: {link: none, cluster: {nodes: 1}, registry: {auth: none}}
images: {app: {size: 64KiB}}
load:
  pulls:
    - {image: app, rate: 5/s, users: 1, for: 7s}
    - {image: app, rate: 5/s, for: 7s}
  give_up: 1s
faults: [{overloaded_registry: {at_once: 1, service: 300ms}, at: 0s, for: 7s}]
expect: [{metric: pull_duration, quantile: 0.5, at_most: 100ms}]
"""


def test_what_limited_a_run_is_seen(tmp_path: Path) -> None:
    """A client that is busy for a second a pull, and a registry that serves three requests in one.

    Both are so however busy the machine is; the arrivals that waited are in the durations.
    """
    path = tmp_path / "crowded.yaml"
    path.write_text(CROWDED, encoding="utf-8")
    done = harness("run", "--json", "--quiet", path, folder=tmp_path)
    assert done.returncode in (1, 4), done.stdout + done.stderr  # 4 where the machine is the limit
    assert "load.pulls[0].users: 1 cannot carry 5 a second" in done.stderr
    load = json.loads(done.stdout)["load"]
    told = {one["word"]: one["text"] for one in load["limits"]}
    assert "35 arrivals" in told["client pool"]
    assert "of 35 pulls and pushes" in told["registry"]
    assert load["pool_exhausted"] > 25
