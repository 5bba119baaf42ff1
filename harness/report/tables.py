"""The frames behind the findings as files for other tools: Parquet as they are, CSV for sheets."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from harness.analysis import Analysis, Findings
from harness.analysis.json_values import plain

_LONGEST_CELL: Final = 2000
_ROWS_AT_ONCE: Final = 1 << 17
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def write_tables(analysis: Analysis, folder: Path) -> None:
    """`<name>.csv` and `<name>.parquet` for the samples with their phase and for the findings."""
    folder.mkdir(exist_ok=True)
    for name, frame in tables_of(analysis).items():
        _write(frame, folder, name)


def tables_of(analysis: Analysis) -> dict[str, pd.DataFrame]:
    """Every table by name: samples with their phase, then what was found, as docs/data.md says."""
    found = _of_findings(analysis.findings).items()
    return {**analysis.tables, **{name: _flat(rows) for name, rows in found}}


def _of_findings(findings: Findings) -> Mapping[str, tuple[Any, ...]]:
    return {
        "expectations": findings.expectations,
        "faults": findings.faults,
        "delay": findings.delay,
        "delay_parts": findings.delay_parts,
        "recovery": findings.recovery,
        "backoff": findings.backoff,
        "breakdown": findings.breakdown,
        "recovery_breakdown": findings.recovery_breakdown,
        "wrong_images": findings.right_image.images,
        "pulls_by_phase": findings.pulls,
        "pushes_by_phase": findings.pushes,
        "requests_by_cause": findings.requests,
        "latencies": findings.latencies,
        "failing": findings.failing,
        "failing_pushes": findings.failing_pushes,
        "errors": findings.errors,
        "processes": findings.load.processes,
    }


def _flat(rows: tuple[Any, ...]) -> pd.DataFrame:
    """Dataclasses as rows; what is nested becomes columns `outer_inner`, lists become words."""
    flat = [_row(plain(asdict(row))) for row in rows]
    return pd.DataFrame(flat)


def _row(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            row.update(_row(value, f"{prefix}{key}_"))
        else:
            row[(prefix + key).replace(" ", "_")] = (
                " ".join(map(str, value)) if isinstance(value, list) else value
            )
    return row


def in_batches(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """`frame` in parts that are small as texts, with codes as the texts they stand for.

    One empty part when there are no rows, so that the columns are there.
    """
    coded = [str(name) for name in frame.columns if frame[name].dtype == "category"]
    for first in range(0, max(1, len(frame)), _ROWS_AT_ONCE):
        part = frame.iloc[first : first + _ROWS_AT_ONCE]
        yield part.astype(dict.fromkeys(coded, "str")) if coded else part


def write_parquet(parts: Iterable[pd.DataFrame], path: Path) -> None:
    """`parts` of one frame as one file."""
    tables = _tables(parts)
    first = next(tables)
    with pq.ParquetWriter(path, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)


def write_csv(parts: Iterable[pd.DataFrame], path: Path) -> None:
    """`parts` of one frame as one file, as they are; ten times as fast as pandas."""
    tables = _tables(parts)
    first = next(tables)
    with csv.CSVWriter(path, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)


def _tables(parts: Iterable[pd.DataFrame]) -> Iterator[Any]:
    """Each part with the columns and types of the first."""
    schema = None
    for part in parts:
        table = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
        schema = table.schema
        yield table


def _write(frame: pd.DataFrame, folder: Path, name: str) -> None:
    write_parquet(in_batches(frame), folder / f"{name}.parquet")
    write_csv(map(_sheet, in_batches(frame)), folder / f"{name}.csv")


def _sheet(part: pd.DataFrame) -> pd.DataFrame:
    return part.assign(**{column: _cells(part[column]) for column in _texts(part)})


def _texts(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns if frame[name].dtype in ("str", "object")]


def _cells(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """`column` with each text as `sheet_cell` has it; those that need nothing are not touched."""
    if column.dtype != "str":  # texts and nothings, of findings: few
        return column.map(sheet_cell)
    texts = column.str
    odd = (
        texts.startswith(_FORMULA_STARTS)
        | texts.len().gt(_LONGEST_CELL)
        | texts.contains("\x00", regex=False)
    ).astype(bool)
    return column.mask(odd, column[odd].map(sheet_cell)) if odd.any() else column


def sheet_cell(value: Any) -> Any:
    """`value`, a text so that a spreadsheet shows it and never runs it: cut, formulas quoted."""
    if not isinstance(value, str):
        return value
    text = value[:_LONGEST_CELL].replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
