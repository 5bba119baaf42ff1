"""A run on GitHub tells the job; elsewhere nothing of that kind is said."""

import json
from pathlib import Path

import pytest

from tests.program import brief, harness


def test_a_job_on_github_has_a_summary_and_annotations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appended to what other steps wrote; stdout stays one object."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    path = brief(tmp_path, expectation="{metric: pods_ready, at_most: 50%}")
    done = harness("run", "--json", "--quiet", path, folder=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["exit_code"] == 1
    assert summary.read_text(encoding="utf-8").startswith("before\n# brief: ❌ fail")
    annotated = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert len(annotated) == 1
    assert annotated[0].startswith("::error file=")
    assert "brief.yaml,line=1" in annotated[0]


def test_a_summary_that_cannot_be_written_changes_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    done = harness("run", "--quiet", brief(tmp_path), folder=tmp_path)
    assert done.returncode == 0
    assert "the summary cannot be written" in done.stderr
    assert "::" not in done.stderr
