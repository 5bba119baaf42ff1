"""Scenario files as tests: names, one run a file, and failures that lead to the page."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from harness.plan.plan import build_plan
from harness.scenario import load_text
from harness.testing.scenario_tests import names
from tests.program import BRIEF, brief, run_folder
from tests.pytest_program import run_pytest

TWO = """{metric: pods_ready, at_least: 100%}
  - {metric: pull_error_rate, at_least: 50%}"""


def test_a_file_is_run_once_and_each_expectation_is_a_test(tmp_path: Path) -> None:
    """Also when two workers share its tests; what fails names value, limit and page."""
    brief(tmp_path, expectation=TWO)
    done = run_pytest(
        "--harness", "-n", "2", "--junitxml=j.xml", "--harness-args=--seed 5", folder=tmp_path
    )
    assert done.returncode == 1, done.stdout
    folder = run_folder(tmp_path)  # of the only run
    suite = ET.parse(tmp_path / "j.xml")  # noqa: S314  our own file
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert set(cases) == {"pods_ready", "pull_error_rate", "can_be_judged"}
    texts = [found.text or "" for case in cases.values() for found in case.findall("failure")]
    assert len(texts) == 1
    assert re.match(r"fail\s+pull_error_rate at least 50 %: 0 %, margin", texts[0])
    assert (folder / "report.html").as_uri() in texts[0]
    assert '"seed": 5' in (folder / "run.json").read_text(encoding="utf-8")


def test_a_run_that_proves_nothing_fails_the_last_test_only(tmp_path: Path) -> None:
    """Nobody pushes, so a quota bites nothing; the expectation itself is met."""
    path = brief(tmp_path, "storage_quota: {status: 507}")
    done = run_pytest("--harness", "-v", path, folder=tmp_path)
    assert "brief.yaml::pods_ready PASSED" in done.stdout
    assert "brief.yaml::can_be_judged FAILED" in done.stdout
    assert "storage_quota-1" in done.stdout


def test_a_wrong_scenario_is_reported_with_every_complaint_and_other_yaml_is_left_alone(
    tmp_path: Path,
) -> None:
    brief(tmp_path, **{"seed: 3": "seed: three", "replicas: 2": "replicas: two"})
    (tmp_path / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    done = run_pytest("--harness", "--collect-only", folder=tmp_path)
    assert "brief.yaml:2:1 seed: must be a whole number, got 'three'" in done.stdout
    assert "replicas" in done.stdout
    assert "compose.yaml" not in done.stdout
    assert "Traceback" not in done.stdout


def test_a_selection_by_name_needs_no_run(tmp_path: Path) -> None:
    done = run_pytest("--harness", "-k", "recovery", brief(tmp_path), folder=tmp_path)
    assert "2 deselected" in done.stdout
    assert not (tmp_path / "reports").exists()


def test_an_environment_that_cannot_be_set_up_fails_with_its_reason(tmp_path: Path) -> None:
    """There are no findings then, and no page."""
    path = brief(tmp_path)
    (tmp_path / "reports").write_text("in the way", encoding="utf-8")
    done = run_pytest("--harness", "-k", "pods_ready", path, folder=tmp_path)
    assert done.returncode == 1
    assert "exit code 3, no findings" in done.stdout
    assert "cannot be written" in done.stdout


def test_equal_names_are_told_apart() -> None:
    """Two limits on one metric are two tests."""
    many = """{metric: pull_duration, quantile: 0.995, phase: during, at_most: 1s}
  - {metric: pull_duration, at_most: 1s, where: {image: app}}
  - {metric: recovery_time, fault: latency-1, at_most: 1s}
  - {metric: recovery_time, fault: latency-1, at_least: 1ms}"""
    text = BRIEF.replace("FAULT", "latency: {delay: 20ms}").replace("EXPECTATION", many)
    assert names(build_plan(load_text("brief", text))) == [
        "pull_duration-p99.5-during",
        "pull_duration-app",
        "recovery_time-latency-1",
        "recovery_time-latency-1-2",
    ]
