"""One run folder as it was found: plan, facts and samples, and what could not be read of them."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from harness.analysis.frames import read_tables
from harness.recording.events import Event
from harness.recording.recording import read_events

EventT = TypeVar("EventT", bound=Event)


class NoRecordingError(Exception):
    """The folder holds nothing of a run; the message names it."""


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A recording, whole or not. `problems` has a sentence for everything that was left out."""

    folder: Path
    plan: Mapping[str, Any]
    run: Mapping[str, Any]
    events: tuple[Event, ...]
    tables: Mapping[str, pd.DataFrame]
    problems: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> "RecordedRun":
        """Read `folder`. Raises NoRecordingError when it is no run folder at all."""
        if not folder.is_dir():
            raise NoRecordingError(f"{folder}: is not a folder; name one run folder")
        if not any((folder / name).exists() for name in ("plan.json", "run.json", "events.jsonl")):
            raise NoRecordingError(
                f"{folder}: has no plan.json, run.json or events.jsonl, so it is not a run folder"
            )
        problems: list[str] = []
        plan = _read_object(folder / "plan.json", problems)
        run = _read_object(folder / "run.json", problems)
        recorded = read_events(folder)
        tables, unread = read_tables(folder)
        return cls(
            folder=folder,
            plan=plan,
            run=run,
            events=recorded.events,
            tables=tables,
            problems=(*problems, *recorded.problems, *unread),
        )

    def of(self, kind: type[EventT]) -> Iterator[EventT]:
        """The events of one kind, in their order."""
        return (event for event in self.events if isinstance(event, kind))

    @property
    def end_s(self) -> float:
        """The last moment that anything is known of, in seconds since the run began."""
        moments = [event.at_s for event in self.events]
        for table, column in (("pods", "ended_s"), ("pulls", "ended_s"), ("requests", "done_s")):
            last = float(self.tables[table][column].max())
            if math.isfinite(last):
                moments.append(last)
        return max(moments, default=0.0)


def _read_object(path: Path, problems: list[str]) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        problems.append(f"{path.name}: missing")
        return {}
    except (OSError, ValueError) as error:
        problems.append(f"{path.name}: cannot be read: {error}")
        return {}
    if not isinstance(value, dict):
        problems.append(f"{path.name}: is not a JSON object")
        return {}
    return value
