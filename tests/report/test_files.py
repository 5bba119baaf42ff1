"""Every format from one recording, whole or not, and again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.report import write_reports
from harness.report.files import put
from tests.recordings import NAN, RunFolder, outage, reported

EXPECT = [
    {"metric": "deployment_delay", "quantile": 0.95, "phase": "during", "at_most": 30},
    {"metric": "pods_ready", "at_least": 1.0},
]


def one_sample() -> RunFolder:
    run = RunFolder()
    run.began()
    run.pod("only", 1, 2.0)
    run.ended(5)
    return run


def all_failed() -> RunFolder:
    run = RunFolder()
    run.began()
    run.fault("dns_nxdomain-1", 5, 100, healed=False)
    run.pod("a", 10, NAN, ended_s=70)
    run.pull("a/1", 10, 11, pod="a", outcome="failed", cause="dns", error_text="no such host")
    return run


@pytest.mark.parametrize("make", [outage, RunFolder, one_sample, all_failed])
def test_every_format_is_written(tmp_path: Path, make: type[RunFolder]) -> None:
    """Also of next to nothing, and a second time over the first."""
    run = make()
    run.expect = EXPECT
    folder = run.write(tmp_path / "run")
    findings = write_reports(folder)
    assert reported(folder) == findings
    for name in ("findings.json", "junit.xml", "report.md", "report.html"):
        assert (folder / name).stat().st_size > 0
    assert json.loads((folder / "findings.json").read_text())["verdict"] == findings.verdict
    assert not list(folder.glob(".*.part"))


def test_importing_the_package_is_cheap() -> None:
    """The command line imports it; pandas and the charts come only with a report."""
    code = (
        "import sys, harness.report; "
        "print({'pandas', 'pyarrow', 'jinja2', 'vl_convert', 'altair'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_a_file_is_old_or_new_and_never_half(tmp_path: Path) -> None:
    """A text that cannot be written whole leaves what was there."""
    path = tmp_path / "report.md"
    put(path, "old")
    beside = tmp_path / ".report.md.part"
    beside.mkdir()
    with pytest.raises(OSError, match="report"):
        put(path, "new")
    beside.rmdir()
    assert path.read_text() == "old"
    put(path, "half a pair: \ud800")
    assert path.read_text() == "half a pair: ?"
