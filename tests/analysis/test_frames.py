"""Samples of other days and other endings."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.analysis.frames import CODED, read_tables
from harness.recording.samples import TABLES


def put(folder: Path, name: str, **columns: list[object]) -> None:
    (folder / "samples").mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), folder / "samples" / name)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_without_samples_has_its_columns(tmp_path: Path, table: str) -> None:
    """And their types."""
    frames, problems = read_tables(tmp_path)
    frame = frames[table]
    assert frame.empty
    assert list(frame.columns) == list(TABLES[table])
    for name, kind in TABLES[table].items():
        wanted = {"float": "float64", "int": "int64"}.get(kind, kind)
        wanted = "category" if name in CODED.get(table, ()) else wanted
        assert str(frame[name].dtype) == wanted
    assert problems == []


def test_columns_of_another_version_are_added_or_dropped(tmp_path: Path) -> None:
    """Missing ones are blank, and so are nulls."""
    put(tmp_path, "pods-old-0.parquet", pod=["a", None], created_s=[1.0, None], later=[1, 2])
    frames, problems = read_tables(tmp_path)
    pods = frames["pods"]
    assert pods["pod"].tolist() == ["a", ""]
    assert pods["attempts"].tolist() == [0, 0]
    assert pods["created_s"].isna().tolist() == [False, True]
    assert "later" not in pods.columns
    assert problems == []


def test_a_file_that_is_not_whole_is_left_out_and_reported(tmp_path: Path) -> None:
    """The rest is read."""
    put(tmp_path, "pods-a-0.parquet", pod=["a"])
    whole = (tmp_path / "samples" / "pods-a-0.parquet").read_bytes()
    (tmp_path / "samples" / "pods-a-1.parquet").write_bytes(whole[: len(whole) // 2])
    put(tmp_path, "pods-a-2.parquet", pod=["b"], created_s=["not a number"])
    frames, problems = read_tables(tmp_path)
    assert frames["pods"]["pod"].tolist() == ["a"]
    assert [problem.partition(":")[0] for problem in problems] == [
        "samples/pods-a-1.parquet",
        "samples/pods-a-2.parquet",
    ]


def test_codes_are_those_of_all_files_and_in_order(tmp_path: Path) -> None:
    """Each file knows its own words; sorting by a code is sorting by its word."""
    put(tmp_path, "requests-a-0.parquet", kind=["manifest", "blob"], cause=["", None])
    put(tmp_path, "requests-b-0.parquet", kind=["token", "dns", "blob"], node=["n1", "n0", "n1"])
    frames, problems = read_tables(tmp_path)
    kinds = frames["requests"]["kind"]
    assert kinds.tolist() == ["manifest", "blob", "token", "dns", "blob"]
    assert kinds.sort_values().tolist() == ["blob", "blob", "dns", "manifest", "token"]
    assert frames["requests"]["node"].tolist() == ["", "", "n1", "n0", "n1"]
    assert frames["requests"]["cause"].tolist() == [""] * 5
    assert problems == []
