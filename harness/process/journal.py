"""The undo records of a run: each is on disk before its change is made, and crossed out after.

One JSON object a line: `{"id", "undo": {"kind", ...}}` or `{"id", "done": true}`. A line cut short
by a crash is passed over: its change had not been made yet.
"""

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

Undo = Mapping[str, Any]


class NotUndoneError(Exception):
    """Why a change could not be undone, as a sentence for the user."""


class Journal:
    """Appends undo records to one file, from any thread."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        written = path.read_bytes()
        self._torn = bool(written) and not written.endswith(b"\n")
        self._number = len(written.splitlines())  # no earlier record has a higher one
        self._writing = threading.Lock()

    def record(self, undo: Undo) -> str:
        """Put `undo` (its `kind` names what `recover` does) safely on disk; make the change after.

        Raises OSError when the disk refuses: then the change must not be made.
        """
        with self._writing:
            self._number += 1
            identity = f"{self._number}"
            self._write({"id": identity, "undo": dict(undo)})
        return identity

    def done(self, identity: str) -> None:
        """Cross the record out: its change has been undone.

        A disk that refuses is no error: `recover` then undoes what is undone already.
        """
        with self._writing, suppress(OSError):
            self._write({"id": identity, "done": True})

    def close(self) -> None:
        self._file.close()

    def _write(self, record: dict[str, Any]) -> None:
        """A line that an earlier failure or crash left cut short is ended first."""
        line = b"\n" * self._torn + json.dumps(record).encode() + b"\n"
        self._torn = True
        while line:
            line = line[self._file.write(line) :]
        os.fsync(self._file.fileno())
        self._torn = False


def pending(path: Path) -> list[dict[str, Any]]:
    """The records of the journal at `path` that are not crossed out, the latest change first.

    Lines that are no records are passed over.
    """
    open_records: dict[str, dict[str, Any]] = {}
    for line in path.read_bytes().splitlines():
        try:
            record = json.loads(line)
            identity = str(record["id"])
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if record.get("done"):
            open_records.pop(identity, None)
        elif isinstance(record.get("undo"), dict):
            open_records[identity] = {"id": identity, "undo": record["undo"]}
    return list(reversed(open_records.values()))


def own_run_id(folder: Path, undo: Undo) -> str:
    """The id of the run of `folder`: a journal cannot name another's. Raises NotUndoneError."""
    run_id = undo["run_id"]
    if not isinstance(run_id, str) or not run_id or not folder.name.endswith(f"-{run_id}"):
        raise NotUndoneError(f"run_id: the one in the folder's name {folder.name}, got {run_id!r}")
    return run_id
