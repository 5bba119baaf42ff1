"""Samples after the load has ended: the batches of each table become one `<table>.parquet`."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from harness.recording.samples import TABLES

_ROWS_AT_ONCE: Final = 1 << 16
_ROWS_IN_A_GROUP: Final = 1 << 18


def sample_files(samples: Path, table: str) -> list[Path]:
    """The files that hold `table`, in the order of its rows.

    The whole table replaces its batches by one rename, so batches beside it are leftovers of a
    compaction that was killed and hold no row that the table lacks.
    """
    whole = samples / f"{table}.parquet"
    return [whole] if whole.exists() else _batches(samples, table)


def compact(samples: Path) -> None:
    """Make one file of the batches of each table, in `samples` of a run whose load has ended.

    A table that cannot be written or read whole keeps its batches: nothing is lost, and the
    analysis says which batch it left out. Rows pass in groups, so memory does not grow with them.
    """
    for table in TABLES:
        batches = _batches(samples, table)
        if not batches:
            continue
        whole = samples / f"{table}.parquet"
        if whole.exists() or _written(batches, whole):
            for batch in batches:
                batch.unlink(missing_ok=True)


def _batches(samples: Path, table: str) -> list[Path]:
    return sorted(samples.glob(f"{table}-*.parquet"))


def _written(batches: Sequence[Path], whole: Path) -> bool:
    import pyarrow as pa  # noqa: PLC0415  a third of a second that the start can do without

    partial = whole.with_suffix(".partial")
    try:
        _write(batches, partial)
        _sync(partial)
        partial.replace(whole)
        _sync(whole.parent)
    except (OSError, pa.ArrowException):
        partial.unlink(missing_ok=True)
        return False
    return True


def _write(batches: Sequence[Path], path: Path) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415  likewise

    schema = pq.read_schema(batches[0])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in _groups(batches):
            writer.write_table(group)


def _groups(batches: Sequence[Path]) -> Iterator[Any]:
    """The rows of all `batches` as tables of about `_ROWS_IN_A_GROUP` rows."""
    import pyarrow as pa  # noqa: PLC0415  likewise
    import pyarrow.parquet as pq  # noqa: PLC0415  likewise

    held: list[Any] = []
    for path in batches:
        with pq.ParquetFile(path) as file:
            for rows in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                held.append(rows)
                if sum(one.num_rows for one in held) >= _ROWS_IN_A_GROUP:
                    yield pa.Table.from_batches(held)
                    held = []
    if held:
        yield pa.Table.from_batches(held)


def _sync(path: Path) -> None:
    """Have the disk hold `path`, a file or a folder, before anything relies on it."""
    if os.name != "posix" and path.is_dir():
        return  # Windows opens no folder
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
