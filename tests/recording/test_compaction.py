"""Samples of an ended run: one file a table, and the same rows whatever happens meanwhile."""

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from harness.analysis.frames import read_tables
from harness.load.samples_file import SampleWriter
from harness.recording import compaction
from harness.recording.compaction import compact

BATCHES = 4


def recorded(folder: Path) -> Path:
    """A run folder with batches of two writers in two of the tables."""
    samples = folder / "samples"
    samples.mkdir(parents=True)
    writers = [SampleWriter(samples, name) for name in ("load1", "load2")]
    for batch in range(BATCHES):
        for number, writer in enumerate(writers):
            for row in range(3):
                at_s = batch + row / 10
                writer.add("pod_events", (at_s, f"pod-{number}", "n0", "Normal", "Pulling", ""))
            writer.add("pushes", ("p", "n0", "app", 0.0, 0.1, 1.0, "ok", "", "", 10, 3, 0.0))
            writer.flush()
    return folder


def rows(folder: Path) -> dict[str, pd.DataFrame]:
    tables, problems = read_tables(folder)
    assert problems == []
    return tables


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "samples").iterdir())


def test_one_file_a_table_holds_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    """Sixteen batches become two files; a second time nothing changes."""
    run = recorded(tmp_path / "run")
    before = rows(run)
    assert len(names(run)) == 2 * 2 * BATCHES
    for _ in range(2):
        compact(run / "samples")
        assert names(run) == ["pod_events.parquet", "pushes.parquet"]
        after = rows(run)
        for table, frame in before.items():
            pd.testing.assert_frame_equal(frame, after[table])


class Killed(BaseException):
    """The process is gone: nothing after it runs, also no handler of errors."""


def killed_at(step: int, call: Callable[..., Any], steps: "count[int]") -> Callable[..., Any]:
    def it(*arguments: Any, **named: Any) -> Any:
        if next(steps) == step:
            raise Killed
        return call(*arguments, **named)

    return it


def test_a_kill_at_any_moment_leaves_every_row_once(tmp_path: Path) -> None:
    """Before each write, sync, rename and removal; what is left over goes with the next try."""
    whole = rows(recorded(tmp_path / "whole"))
    for step in count():
        run = recorded(tmp_path / str(step))
        finished = killed_once(run, step)
        for table, frame in rows(run).items():
            pd.testing.assert_frame_equal(frame, whole[table])
        compact(run / "samples")
        assert names(run) == ["pod_events.parquet", "pushes.parquet"]
        if finished:
            assert step > 2 * (2 * BATCHES + 3)
            return


def killed_once(run: Path, step: int) -> bool:
    """Compact and die before the change number `step`; whether it came to the end before that."""
    with pytest.MonkeyPatch.context() as patch:
        steps = count()
        for owner, name in (
            (compaction, "_write"),
            (os, "fsync"),
            (Path, "replace"),
            (Path, "unlink"),
        ):
            patch.setattr(owner, name, killed_at(step, getattr(owner, name), steps))
        try:
            compact(run / "samples")
        except Killed:
            return False
    return True


def test_a_table_with_a_broken_batch_keeps_its_batches(tmp_path: Path) -> None:
    """What can be read stays readable, and no half table is left."""
    run = recorded(tmp_path / "run")
    batch = run / "samples" / "pushes-load1-00001.parquet"
    batch.write_bytes(batch.read_bytes()[:100])
    compact(run / "samples")
    assert len([name for name in names(run) if name.startswith("pushes-")]) == 2 * BATCHES
    assert not [name for name in names(run) if name.endswith(".partial")]
    tables, problems = read_tables(run)
    assert len(tables["pushes"]) == 2 * BATCHES - 1
    assert len(problems) == 1


def test_rows_pass_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is never held as a whole, and small batches do not stay small groups."""
    monkeypatch.setattr(compaction, "_ROWS_AT_ONCE", 2)
    monkeypatch.setattr(compaction, "_ROWS_IN_A_GROUP", 5)
    run = recorded(tmp_path / "run")
    compact(run / "samples")
    told = pq.ParquetFile(run / "samples" / "pod_events.parquet").metadata
    groups = [told.row_group(number).num_rows for number in range(told.num_row_groups)]
    assert sum(groups) == 2 * 3 * BATCHES
    assert all(5 <= group <= 6 for group in groups[:-1])
