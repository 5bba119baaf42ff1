"""`harness doctor`, `setup` and `recover` as a user meets them."""

import json
from pathlib import Path

import pytest

from tests.program import verb


def test_the_doctor_tells_what_is_there(tmp_path: Path) -> None:
    """A line a check, or JSON; a machine that runs these tests is fit to run the harness."""
    told = verb("doctor", folder=tmp_path)
    assert told.returncode == 0, told.stdout
    checks = json.loads(verb("doctor", "--json", folder=tmp_path).stdout)
    assert {"name", "status", "found", "fix"} <= set(checks[0])
    assert all(check["name"] in told.stdout for check in checks)


def test_without_go_toxiproxy_cannot_be_built_and_the_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = verb("setup", "toxiproxy", folder=tmp_path)
    assert done.returncode == 3
    assert "Go" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_nothing_was_left_there_is_nothing_to_undo(tmp_path: Path) -> None:
    done = verb("recover", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "reports: nothing to undo\n")


def test_a_folder_that_is_no_run_cannot_be_reported_on(tmp_path: Path) -> None:
    done = verb("report", tmp_path, folder=tmp_path)
    assert done.returncode == 2
    assert "is not a run folder" in done.stderr
