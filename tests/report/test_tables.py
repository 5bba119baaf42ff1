"""Samples and findings as files for other tools."""

from pathlib import Path

import pandas as pd

from harness.report import write_reports
from tests.recordings import RunFolder, outage


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
