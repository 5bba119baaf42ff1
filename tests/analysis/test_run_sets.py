"""From what a user names to runs: folders, repeats, baselines, and what is refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.baseline import baseline_names, read_baseline, with_runs
from harness.analysis.figures import CONTROL, FigureName
from harness.analysis.run_figures import NotComparableError, RunFigures, read_run
from harness.analysis.run_sets import read_set, run_folders
from tests.recordings import outage, reported


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recorded outage; the tests copy it."""
    return outage().write(tmp_path_factory.mktemp("recorded") / "run")


def copied(recorded: Path, folder: Path, run_id: str, **about: Any) -> Path:
    """`recorded` as another run: `about` goes into its run.json."""
    shutil.copytree(recorded, folder)
    known = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    known |= {"run_id": run_id, **about}
    (folder / "run.json").write_text(json.dumps(known), encoding="utf-8")
    events = (folder / "events.jsonl").read_text(encoding="utf-8")
    (folder / "events.jsonl").write_text(events.replace("c0ffee", run_id), encoding="utf-8")
    return folder


def test_a_run_has_its_figures_and_what_it_was(recorded: Path) -> None:
    """Straight from the recording: nobody has made its findings.json yet."""
    run = read_run(recorded)
    assert (run.scenario, run.seed, run.cluster, run.unfit) == ("dns-outage", 7, "emulated", "")
    keys = {name.key for name in run.figures}
    assert {
        "deployment_delay/all/p95",
        "deployment_delay/during dns_nxdomain-1/p50",
        "recovery_time/after dns_nxdomain-1",
        "pull_error_rate/during",
        "pods_ready/all",
        "throughput",
    } <= keys
    assert CONTROL in run.figures
    assert "deployment_delay/during/p50" not in keys  # the fault's own name says it
    assert run.figures[FigureName.of("deployment_delay/all/p50")].samples == 60


@pytest.mark.parametrize("text", ["", "[]", '{"format": 0, "run": {}}', '{"run": null}'])
def test_findings_of_another_version_are_computed_again(
    recorded: Path, tmp_path: Path, text: str
) -> None:
    folder = copied(recorded, tmp_path / "run", "c0ffee")
    (folder / "findings.json").write_text(text, encoding="utf-8")
    assert read_run(folder) == read_run(recorded)


def test_the_verdict_of_an_older_run_is_read(recorded: Path, tmp_path: Path) -> None:
    """It was called `unknown`; comparisons and trends see today's word."""
    folder = copied(recorded, tmp_path / "run", "c0ffee")
    reported(folder)
    former = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    former |= {"verdict": "unknown", "exit_code": 4}
    (folder / "findings.json").write_text(json.dumps(former), encoding="utf-8")
    assert read_run(folder).verdict == "inconclusive"


def test_a_folder_that_holds_a_plan_and_nothing_else_is_unfit(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    assert read_run(tmp_path).unfit == "the recording stops before the end of the run"


def test_a_key_is_read_as_it_was_written() -> None:
    names = (
        FigureName(metric="throughput"),
        FigureName(metric="pods_ready", part="all"),
        FigureName(metric="deployment_delay", part="during a-1", quantile="p95"),
        FigureName(metric="deployment_delay", part="image team/p95", quantile="p95"),
        FigureName(metric="pull_error_rate", part="image team/p95"),
    )
    assert tuple(FigureName.of(name.key) for name in names) == names


def test_a_run_whose_fault_never_bit_is_left_out(tmp_path: Path) -> None:
    """It is named, and alone it cannot be compared."""
    folder = outage(bites=0).write(tmp_path / "run")
    with pytest.raises(NotComparableError, match="affected no request"):
        read_set(str(folder), tmp_path)


def test_one_repeat_stands_for_all_of_its_group(recorded: Path, tmp_path: Path) -> None:
    folders = [
        copied(recorded, tmp_path / f"t{index}-r{index}", f"r{index}", repeat={"group": group})
        for index, group in enumerate("aab")
    ]
    assert [path.name for path in run_folders(folders[0])] == ["t0-r0", "t1-r1"]
    assert [path.name for path in run_folders(folders[2])] == ["t2-r2"]
    assert [path.name for path in run_folders(tmp_path)] == ["t0-r0", "t1-r1", "t2-r2"]


@pytest.mark.parametrize(
    ("named", "rule"),
    [
        ("nowhere", "no such folder"),
        (".", "is not a run folder and contains none"),
        ("baseline:nightly", "no such baseline"),
        ("baseline:../etc", "a baseline's name must be"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, named: str, rule: str) -> None:
    where = named if named.startswith("baseline:") else str(tmp_path / named)
    with pytest.raises(NotComparableError, match=rule):
        read_set(where, tmp_path)


def test_runs_of_two_scenarios_are_no_side(recorded: Path, tmp_path: Path) -> None:
    copied(recorded, tmp_path / "a", "a")
    other = copied(recorded, tmp_path / "b", "b")
    for name in ("plan.json", "events.jsonl", "run.json"):
        text = (other / name).read_text(encoding="utf-8")
        (other / name).write_text(text.replace("dns-outage", "other"), encoding="utf-8")
    with pytest.raises(NotComparableError, match="dns-outage and other"):
        read_set(str(tmp_path), tmp_path)


def test_a_baseline_is_what_was_put_in(recorded: Path, tmp_path: Path) -> None:
    """Each run once, oldest first, a line a figure, and not much of it."""
    run = replace(read_run(recorded), content={"images.app.size": "32MiB"})
    baseline = with_runs("nightly", [run], [run])
    (tmp_path / "nightly.json").write_text(baseline.to_json(), encoding="utf-8")
    assert baseline_names(tmp_path) == ["nightly"]
    (again,) = read_baseline(tmp_path, "nightly").runs
    assert again.as_json() == run.as_json()
    assert again.content == run.content
    assert RunFigures.from_json(run.as_json(), run.content) == again
    former = {**run.as_json(), "verdict": "unknown"}  # what older versions called it
    assert RunFigures.from_json(former).verdict == "inconclusive"
    assert len(baseline.to_json()) < 4000
    assert '\n   "throughput": {' in baseline.to_json()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "cannot be read"),
        ("[]", "is not a baseline"),
        ('{"format": 1, "runs": [{}]}', "is not a baseline"),
        ('{"format": 2, "runs": []}', "has format 2"),
        ('{"format": 1, "runs": []}', "it has no runs"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / "nightly.json").write_text(text, encoding="utf-8")
    with pytest.raises(NotComparableError, match=rule):
        read_set("baseline:nightly", tmp_path)
