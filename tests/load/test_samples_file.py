"""Samples on disk: whole batches, every column type, and no heavy import on the way."""

import math
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.load.samples_file import SamplesLost, SampleWriter
from harness.recording.samples import POD_EVENTS, PODS, TABLES

_VALUES = {"str": "größe\n", "float": 1.5, "int": -(1 << 40), "bool": True}


@pytest.mark.parametrize("table", TABLES)
def test_a_row_comes_back_as_it_was_added(table: str, tmp_path: Path) -> None:
    """Every table's columns keep their names, order, types and values."""
    writer = SampleWriter(tmp_path, "load")
    row = tuple(_VALUES[kind] for kind in TABLES[table].values())
    writer.add(table, row)
    writer.flush()
    read = pq.read_table(tmp_path / f"{table}-load-00000.parquet")
    assert read.column_names == list(TABLES[table])
    assert [tuple(found.values()) for found in read.to_pylist()] == [row]


def test_nan_empty_and_odd_texts_are_kept(tmp_path: Path) -> None:
    """A moment that never came is NaN, an empty text is no null, half a surrogate is escaped."""
    writer = SampleWriter(tmp_path, "load")
    writer.add("pod_events", (math.nan, "", "node-0", "Normal", "Pulled", "\ud800"))
    writer.add("pod_events", (0.0, "pod", "node-0", "Normal", "Pulled", ""))
    writer.flush()
    first, second = pq.read_table(tmp_path / "pod_events-load-00000.parquet").to_pylist()
    assert math.isnan(first["at_s"])
    assert (first["pod"], first["message"]) == ("", "\\ud800")
    assert second["message"] == ""


def test_booleans_of_many_rows_keep_their_places(tmp_path: Path) -> None:
    """Booleans are packed eight in a byte; the ninth is the next byte's first."""
    writer = SampleWriter(tmp_path, "load")
    wanted = [number % 3 == 0 for number in range(20)]
    for cached in wanted:
        row = {name: _VALUES[kind] for name, kind in PODS.items()} | {"cached": cached}
        writer.add("pods", tuple(row.values()))
    writer.flush()
    assert pq.read_table(tmp_path / "pods-load-00000.parquet")["cached"].to_pylist() == wanted


def test_each_batch_is_a_file_and_nothing_is_written_twice(tmp_path: Path) -> None:
    """Batches are numbered; a flush without rows writes none."""
    writer = SampleWriter(tmp_path, "load")
    row = tuple(_VALUES[kind] for kind in POD_EVENTS.values())
    for _ in range(2):
        writer.add("pod_events", row)
        writer.flush()
        writer.flush()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["pod_events-load-00000.parquet", "pod_events-load-00001.parquet"]


def test_a_folder_that_refuses_is_reported_and_the_rows_are_kept(tmp_path: Path) -> None:
    """The message names the folder and the reason; a later flush writes what was kept."""
    folder = tmp_path / "samples"
    writer = SampleWriter(folder, "load")
    writer.add("pod_events", tuple(_VALUES[kind] for kind in POD_EVENTS.values()))
    with pytest.raises(SamplesLost, match=r"samples: samples cannot be written: No such file"):
        writer.flush()
    folder.mkdir()
    writer.flush()
    assert pq.read_table(folder / "pod_events-load-00000.parquet").num_rows == 1


def test_writing_imports_no_pandas(tmp_path: Path) -> None:
    """Importing it would hold up every node of the process for a second."""
    program = (
        "import sys; from pathlib import Path; from harness.load.samples_file import SampleWriter; "
        f"writer = SampleWriter(Path({str(tmp_path)!r}), 'load'); "
        "writer.add('pod_events', (0.0, 'a', 'b', 'c', 'd', 'e')); writer.flush(); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    assert (tmp_path / "pod_events-load-00000.parquet").exists()
