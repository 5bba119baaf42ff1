"""The tables of samples as typed frames: what is whole is used, what is not is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.samples import TABLES, ColumnType

SAMPLES_FOLDER: Final = "samples"

_ARROW: Final[dict[ColumnType, Any]] = {
    "str": pa.string(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
}
_BLANK: Final[dict[ColumnType, Any]] = {"str": "", "float": float("nan"), "int": 0, "bool": False}
_PANDAS: Final[dict[ColumnType, str]] = {
    "str": "str",
    "float": "float64",
    "int": "int64",
    "bool": "bool",
}


def read_tables(folder: Path) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Every table of `folder`/samples by name, and a sentence for each file that was left out."""
    tables: dict[str, pd.DataFrame] = {}
    problems: list[str] = []
    for table, columns in TABLES.items():
        batches = []
        for path in sorted((folder / SAMPLES_FOLDER).glob(f"{table}-*.parquet")):
            try:
                batches.append(_conform(pq.read_table(path), columns))
            except (OSError, pa.ArrowException) as error:
                reason = str(error).split("\n", 1)[0][:160]
                problems.append(f"{SAMPLES_FOLDER}/{path.name}: left out: {reason}")
        tables[table] = _frame(batches, columns)
    return tables, problems


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _conform(batch: Any, columns: Mapping[str, ColumnType]) -> Any:
    """`batch` with exactly `columns`: missing ones blank, nulls blank, others dropped."""
    arrays = []
    for name, kind in columns.items():
        if name in batch.column_names:
            array = batch.column(name).cast(_ARROW[kind])
        else:
            array = pa.chunked_array([pa.nulls(batch.num_rows, _ARROW[kind])])
        arrays.append(pc.fill_null(array, _BLANK[kind]))
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])
    return pa.table(arrays, schema=schema)


def _frame(batches: list[Any], columns: Mapping[str, ColumnType]) -> pd.DataFrame:
    if not batches:
        return pd.DataFrame(
            {name: pd.Series(dtype=_PANDAS[kind]) for name, kind in columns.items()}
        )
    frame: pd.DataFrame = pa.concat_tables(batches).to_pandas()
    return frame.astype({name: _PANDAS[kind] for name, kind in columns.items()})
