"""Where tags led at the last audit: a file of lines that can be read, compared and kept in Git."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from harness.oci.digest import is_digest
from harness.oci.reference import is_repository, is_tag

_FORM: Final = "harness audit 1"
_LINE_CHARACTERS: Final = 4096


class MemoryFileError(ValueError):
    """The file is none that an audit saved; the message names it and the line."""


def write_memory(path: Path, tags: Iterable[tuple[str, str, str]]) -> None:
    """Save repository, tag and digest, sorted as they come. Raises OSError; all or nothing."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"form": _FORM}) + "\n")
            for repository, tag, digest in tags:
                file.write(json.dumps([repository, tag, digest]) + "\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_memory(path: Path) -> Iterator[tuple[str, str, str]]:
    """What was saved, line by line. Raises MemoryFileError, OSError."""
    with path.open(encoding="utf-8", errors="replace") as file:
        number = 0
        while line := file.readline(_LINE_CHARACTERS):
            number += 1
            try:
                data = json.loads(line)
            except (ValueError, RecursionError):
                data = None
            if number == 1 and data == {"form": _FORM}:
                continue
            if number == 1 or not _is_entry(data):
                raise MemoryFileError(f"{path}: line {number} is none that an audit saved")
            yield data[0], data[1], data[2]
        if not number:
            raise MemoryFileError(f"{path}: is empty, an audit saves at least one line")


def _is_entry(data: object) -> bool:
    return (
        isinstance(data, list)
        and len(data) == 3  # noqa: PLR2004  repository, tag, digest
        and all(isinstance(it, str) for it in data)
        and is_repository(data[0])
        and is_tag(data[1])
        and is_digest(data[2])
    )
