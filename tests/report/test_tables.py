"""Samples and findings as files for other tools."""

from pathlib import Path

import pandas as pd

from harness.report.tables import in_batches, write_csv, write_parquet
from tests.recordings import RunFolder, outage, reported


def test_the_tables_hold_samples_with_their_phase(tmp_path: Path) -> None:
    """As CSV and as Parquet."""
    folder = outage().write(tmp_path / "run")
    reported(folder)
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
    reported(folder)
    cells = pd.read_csv(folder / "tables" / "pulls.csv")["error_text"]
    assert cells.tolist() == ['\'=HYPERLINK("http://x","y")']
    whole = pd.read_parquet(folder / "tables" / "pulls.parquet")["error_text"]
    assert whole.tolist() == ['=HYPERLINK("http://x","y")']


def test_a_frame_of_many_batches_is_one_table(tmp_path: Path) -> None:
    """Every row once, in its order, with codes as the texts they stand for."""
    rows = 300_000
    words = ["dns", "tcp", "=1+1"]
    causes = pd.Series([words[n % 3] for n in range(rows)]).astype("category")
    frame = pd.DataFrame({"number": range(rows), "cause": causes})
    parts = list(in_batches(frame))
    assert len(parts) > 1
    write_parquet(parts, tmp_path / "t.parquet")
    write_csv(parts, tmp_path / "t.csv")
    for read in (pd.read_parquet(tmp_path / "t.parquet"), pd.read_csv(tmp_path / "t.csv")):
        assert read["number"].tolist() == list(range(rows))
        assert read["cause"].dtype == "str"
        assert read["cause"].tolist() == [words[n % 3] for n in range(rows)]


def test_a_frame_without_rows_is_a_table_with_columns(tmp_path: Path) -> None:
    """And their types, codes included."""
    frame = pd.DataFrame({"at_s": pd.Series(dtype="float64"), "kind": pd.Series(dtype="category")})
    write_parquet(in_batches(frame), tmp_path / "t.parquet")
    write_csv(in_batches(frame), tmp_path / "t.csv")
    assert pd.read_parquet(tmp_path / "t.parquet").dtypes.to_dict() == {
        "at_s": "float64",
        "kind": "str",
    }
    assert list(pd.read_csv(tmp_path / "t.csv").columns) == ["at_s", "kind"]
