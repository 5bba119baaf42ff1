"""The file of an index: one JSON object a line, appended in the order of the changes.

A last line that a crash cut short is dropped.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

Change = Mapping[str, Any]


def read_changes(path: Path) -> Iterator[Change]:
    """The changes in `path`, which loses a last line that is not whole."""
    _drop_torn_line(path)
    for line in path.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):  # cut short by a full disk: never answered as done
            yield json.loads(line)


def change_file(path: Path, changes: Iterable[Change]) -> None:
    """Write `changes` to the file of an index that nobody has open. Raises OSError."""
    _drop_torn_line(path)
    with path.open("a", encoding="utf-8") as file:
        append_changes(file, changes)
        os.fsync(file.fileno())


def append_changes(file: TextIO, changes: Iterable[Change]) -> None:
    file.writelines(json.dumps(change) + "\n" for change in changes)
    file.flush()


def _drop_torn_line(path: Path) -> None:
    with path.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
