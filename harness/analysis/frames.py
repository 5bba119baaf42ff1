"""The tables of samples as typed frames: what is whole is used, what is not is reported."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.recording.compaction import sample_files
from harness.recording.samples import TABLES, ColumnType

SAMPLES_FOLDER: Final = "samples"

# Few words in millions of rows: a byte each as a code, ten to twenty as a text. Only the
# table that grows with every request, since texts are simpler to work with.
CODED: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": ("node", "kind", "method", "outcome", "cause", "bitten_by")
}

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
    """Every table of `folder`/samples by name, and a sentence for each file that was left out.

    The columns of `CODED` are categoricals whose categories are in order.
    """
    tables: dict[str, pd.DataFrame] = {}
    problems: list[str] = []
    for table, columns in TABLES.items():
        batches: list[Any] = []
        coded = CODED.get(table, ())
        for path in sample_files(folder / SAMPLES_FOLDER, table):
            try:
                batches.append(_conform(pq.read_table(path), columns, coded))
            except (OSError, pa.ArrowException) as error:
                reason = str(error).split("\n", 1)[0][:160]
                problems.append(f"{SAMPLES_FOLDER}/{path.name}: left out: {reason}")
            pa.default_memory_pool().release_unused()  # else it keeps what each file took
        tables[table] = _frame(batches, columns, coded)
    return tables, problems


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _conform(batch: Any, columns: Mapping[str, ColumnType], coded: Collection[str]) -> Any:
    """`batch` with exactly `columns`: missing ones blank, nulls blank, others dropped."""
    arrays = []
    for name, kind in columns.items():
        if name in batch.column_names:
            array = batch.column(name).cast(_ARROW[kind])
        else:
            array = pa.chunked_array([pa.nulls(batch.num_rows, _ARROW[kind])])
        array = pc.fill_null(array, _BLANK[kind])
        arrays.append(pc.dictionary_encode(array) if name in coded else array)
    return pa.table(arrays, names=list(columns))


def _frame(
    batches: list[Any], columns: Mapping[str, ColumnType], coded: Collection[str]
) -> pd.DataFrame:
    """One frame of `batches`, which are used up, so that nothing large is held twice."""
    if not batches:
        kinds = {name: "category" if name in coded else _PANDAS[columns[name]] for name in columns}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    return pd.DataFrame(_columns(batches, coded), copy=False)


def _columns(batches: list[Any], coded: Collection[str]) -> dict[str, "pd.Series[Any]"]:
    """The columns of `batches`, each freed there as soon as it is here."""
    whole = pa.concat_tables(batches).unify_dictionaries()
    batches.clear()
    names, left = whole.column_names, list(reversed(whole.columns))
    del whole
    columns = {}
    for name in names:
        column = left.pop().to_pandas()
        if name in coded:
            column = column.cat.reorder_categories(sorted(column.cat.categories))
        columns[name] = column
        pa.default_memory_pool().release_unused()
    return columns
