"""The tables of a run in one format, each row with its scenario and run id, for other tools."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from harness.analysis import RecordedRun, analyse
from harness.analysis.findings import Findings
from harness.analysis.json_values import plain
from harness.recording.events import Event
from harness.report.files import put
from harness.report.openmetrics import openmetrics
from harness.report.tables import in_batches, tables_of, write_csv, write_parquet

_DIGITS: Final = 9  # of a second: nanoseconds


ExportFormat = Literal["parquet", "csv", "ndjson", "openmetrics"]


def export(run: Path, form: ExportFormat, folder: Path) -> list[Path]:
    """Write the run folder `run` as `form` into `folder`; what was written.

    Raises NoRecordingError for a folder that holds no run, OSError when it cannot be written.
    """
    recorded = RecordedRun.load(run)
    analysis = analyse(recorded)
    folder.mkdir(parents=True, exist_ok=True)
    if form == "openmetrics":
        path = folder / "metrics.txt"
        put(path, openmetrics(analysis.findings))
        return [path]
    write = _WRITERS[form]
    frames = {**tables_of(analysis), "events": _events(recorded.events)}
    paths = []
    for name, frame in frames.items():
        paths.append(folder / f"{name}.{form}")
        write((_named(part, analysis.findings) for part in in_batches(frame)), paths[-1])
    return paths


def _named(frame: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """`frame` with the run that it belongs to in front, so that runs can be put together."""
    names = {"scenario": findings.run.scenario, "run_id": findings.run.run_id}
    first = pd.DataFrame({name: [text] * len(frame) for name, text in names.items()})
    return pd.concat([first.astype("str"), frame.reset_index(drop=True)], axis=1)


def _events(events: tuple[Event, ...]) -> pd.DataFrame:
    """One row an event; what only some of them have is in `details`, as JSON."""
    rows = [
        {"event": event.name, "at_s": event.at_s}
        | {"details": json.dumps({k: v for k, v in plain(asdict(event)).items() if k != "at_s"})}
        for event in events
    ]
    return pd.DataFrame(rows, columns=["event", "at_s", "details"])


def _ndjson(parts: Iterable[pd.DataFrame], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for part in parts:
            if not part.empty:  # pandas would write an empty line
                part.to_json(
                    file, orient="records", lines=True, force_ascii=False, double_precision=_DIGITS
                )


# CSV as it is: for programs, not for spreadsheets, which `tables/*.csv` of the run are for.
_WRITERS: Final[Mapping[str, Callable[[Iterable[pd.DataFrame], Path], None]]] = {
    "parquet": write_parquet,
    "csv": write_csv,
    "ndjson": _ndjson,
}
