"""The undo records of a run: each is on disk before its change is made, and crossed out after.

One JSON object a line: `{"id", "undo": {"kind", ...}}` or `{"id", "done": true}`. A line cut short
by a crash is passed over: its change had not been made yet.
"""

import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Undo = Mapping[str, Any]


class Journal:
    """Appends undo records to one file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._numbers = itertools.count(1)

    def record(self, undo: Undo) -> str:
        """Put `undo` (its `kind` names what `recover` does) safely on disk; make the change after.

        Raises OSError when the disk refuses: then the change must not be made.
        """
        identity = f"{next(self._numbers)}"
        self._write({"id": identity, "undo": dict(undo)})
        return identity

    def done(self, identity: str) -> None:
        """Cross the record out: its change has been undone."""
        self._write({"id": identity, "done": True})

    def close(self) -> None:
        self._file.close()

    def _write(self, record: dict[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def pending(path: Path) -> list[dict[str, Any]]:
    """The records of the journal at `path` that are not crossed out, the latest change first."""
    open_records: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if record.get("done"):
            open_records.pop(record["id"], None)
        else:
            open_records[record["id"]] = record
    return list(reversed(open_records.values()))
