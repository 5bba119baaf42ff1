"""Samples on their way to disk: rows gather in memory and become one Parquet file a batch."""

import os
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from harness.recording.samples import TABLES, ColumnType

_FLUSH_EVERY_S = 2.0
_FLUSH_ROWS = 50_000


class SamplesLost(Exception):  # noqa: N818  shown to the user as it is
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

        columns: dict[str, ColumnType] = TABLES[table]
        values = zip(*rows, strict=True)
        arrays = [
            _arrow(column, kind) for column, kind in zip(values, columns.values(), strict=True)
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


def _arrow(column: Sequence[Any], kind: ColumnType) -> Any:
    """`column` as an Arrow array, made from its buffers.

    `pyarrow.array` would import pandas at its first call and hold up every node for a second.
    """
    import numpy as np  # noqa: PLC0415  comes with pyarrow
    import pyarrow as pa  # noqa: PLC0415  see above

    def of(kind: Any, *buffers: Any) -> Any:
        return pa.Array.from_buffers(kind, len(column), [None, *map(pa.py_buffer, buffers)])

    match kind:
        case "str":
            texts = [text.encode("utf-8", "backslashreplace") for text in column]
            offsets = array("i", chain((0,), accumulate(map(len, texts))))
            return of(pa.string(), offsets, b"".join(texts))
        case "float":
            return of(pa.float64(), array("d", column))
        case "int":
            return of(pa.int64(), array("q", column))
        case "bool":
            bits = np.packbits(np.array(column, dtype=bool), bitorder="little")
            return of(pa.bool_(), bits)
