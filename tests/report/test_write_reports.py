"""Every format from one recording, whole or not, and again."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from harness.report import write_reports
from harness.report.text import findings_text
from tests.recordings import NAN, RunFolder, outage

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
    assert write_reports(folder) == findings
    for name in ("findings.json", "junit.xml", "report.md", "report.html"):
        assert (folder / name).stat().st_size > 0
    assert json.loads((folder / "findings.json").read_text())["verdict"] == findings.verdict
    assert not list(folder.glob(".*.part"))


def test_the_tables_hold_samples_with_their_phase(tmp_path: Path) -> None:
    """As CSV and as Parquet."""
    folder = outage().write(tmp_path / "run")
    write_reports(folder)
    pods = pd.read_parquet(folder / "tables" / "pods.parquet")
    assert pods["phase"].value_counts().to_dict() == {"after": 26, "during": 21, "before": 13}
    assert len(pd.read_csv(folder / "tables" / "pods.csv")) == 60
    delay = pd.read_csv(folder / "tables" / "delay.csv")
    assert {"group", "name", "pods", "p95_value_s", "p95_more_than_s"} <= set(delay.columns)
    causes = pd.read_csv(folder / "tables" / "requests_by_cause.csv", keep_default_na=False)
    assert causes.loc[causes["cause"].eq("dns"), "requests"].tolist() == [31]


def test_a_sheet_is_not_made_to_calculate(tmp_path: Path) -> None:
    """An error text that looks like a formula is quoted in CSV and left alone in Parquet."""
    run = RunFolder()
    run.pull("p", 1, 2, outcome="failed", error_text='=HYPERLINK("http://x","y")')
    folder = run.write(tmp_path / "run")
    write_reports(folder)
    cells = pd.read_csv(folder / "tables" / "pulls.csv")["error_text"]
    assert cells.tolist() == ['\'=HYPERLINK("http://x","y")']
    whole = pd.read_parquet(folder / "tables" / "pulls.parquet")["error_text"]
    assert whole.tolist() == ['=HYPERLINK("http://x","y")']


def test_the_terminal_gets_plain_lines(tmp_path: Path) -> None:
    """Verdict first; nothing in them that a terminal would obey."""
    run = outage(bites=0)
    run.expect = EXPECT
    run.faults[0]["id"] = "dns\x1b[31m-1"
    findings = write_reports(run.write(tmp_path / "run"))
    text = findings_text(findings)
    assert text.splitlines()[0] == "FAIL  1 of 2 expectations not met."
    assert "\x1b" not in text
    assert "deployment_delay p95 during at most 30 s: 42.0 s, margin \u221212.0 s, n=21" in text


def test_importing_the_package_is_cheap() -> None:
    """The command line imports it; pandas and the charts come only with a report."""
    code = (
        "import sys, harness.report; "
        "print({'pandas', 'pyarrow', 'jinja2', 'vl_convert', 'altair'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
