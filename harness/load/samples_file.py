"""Samples on their way to disk: rows gather in memory and become one Parquet file a batch."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.samples import TABLES, ColumnType

_FLUSH_EVERY_S = 2.0
_FLUSH_ROWS = 50_000


class SamplesLost(Exception):  # noqa: N818  told to the user as it is
    """The disk refused samples; the message names the folder and the reason."""


class SampleWriter:
    """Writes `samples/<table>-<writer>-<number>.parquet`, each whole or absent."""

    def __init__(self, folder: Path, writer: str) -> None:
        self._folder = folder
        self._writer = writer
        self._rows: dict[str, list[Sequence[Any]]] = {table: [] for table in TABLES}
        self._numbers = dict.fromkeys(TABLES, 0)
        self._flushed_s = 0.0

    def add(self, table: str, row: Sequence[Any]) -> None:
        """One row, its values in the order of the table's columns."""
        self._rows[table].append(row)

    def flush_due(self, now_s: float) -> None:
        """Write what has gathered if it is time. Raises SamplesLost."""
        full = any(len(rows) >= _FLUSH_ROWS for rows in self._rows.values())
        if full or now_s - self._flushed_s >= _FLUSH_EVERY_S:
            self._flushed_s = now_s
            self.flush()

    def flush(self) -> None:
        """Write what has gathered. Raises SamplesLost; the rows are kept for another try."""
        for table, rows in self._rows.items():
            if rows:
                self._write(table, rows)
                self._rows[table] = []

    def _write(self, table: str, rows: list[Sequence[Any]]) -> None:
        import pyarrow as pa  # noqa: PLC0415  a third of a second that the start can do without
        import pyarrow.parquet as pq  # noqa: PLC0415  likewise

        types = {"str": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}
        columns: dict[str, ColumnType] = TABLES[table]
        values = zip(*rows, strict=True)
        arrays = [
            pa.array(column, type=types[kind])
            for column, kind in zip(values, columns.values(), strict=True)
        ]
        path = self._folder / f"{table}-{self._writer}-{self._numbers[table]:05d}.parquet"
        partial = path.with_suffix(".partial")
        try:
            pq.write_table(pa.table(arrays, names=list(columns)), partial, compression="zstd")
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise SamplesLost(f"{self._folder}: samples cannot be written: {reason}") from error
        self._numbers[table] += 1
