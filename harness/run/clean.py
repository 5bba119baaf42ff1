"""Deletes old run folders, and nothing else: not runs that live, nor runs with changes to undo."""

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from harness.process.journal import pending
from harness.process.lock import RunLockError, held, hold
from harness.run.recover import JOURNAL_FILE

_RUN: Final = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{6}")
_SUITE: Final = re.compile(r"suite-(\d{8}T\d{6}Z)")
_LAST: Final = ("run.json", "suite.json")  # what a folder is known by goes last
_PLACES: Final = ("*", "*/*")


@dataclass(frozen=True, kw_only=True)
class OldFolder:
    """The folder of a run or of a suite. `kept`: why it must not be deleted, "" if it may be."""

    path: Path
    age: timedelta
    files: int
    size_bytes: int
    kept: str = ""


def old_folders(reports: Path, keep: timedelta, now: datetime) -> list[OldFolder]:
    """Runs and suites in `reports` that began more than `keep` before `now`, oldest first.

    `reports` may also be one scenario's folder. Raises OSError when it cannot be read.
    """
    found = [
        _measured(path, now - began)
        for path, began in _dated(reports)
        if now - began > keep and not path.is_symlink()
    ]
    return sorted(found, key=lambda one: one.age, reverse=True)


def delete(folder: OldFolder) -> None:
    """Delete `folder`, and its scenario's folder when that is empty then.

    Raises OSError when the disk refuses, or when its run lives by now.
    """
    try:
        with hold(folder.path):
            for path in sorted(folder.path.iterdir(), key=lambda path: path.name in _LAST):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            folder.path.rmdir()
    except RunLockError as error:
        raise OSError(str(error)) from error
    with suppress(OSError):  # it has other runs
        folder.path.parent.rmdir()


def _dated(reports: Path) -> Iterator[tuple[Path, datetime]]:
    for place in _PLACES:
        for path in reports.glob(place):
            run, suite = _RUN.fullmatch(path.name), _SUITE.fullmatch(path.name)
            named = run or suite
            mark = "run.json" if run else "suite.json"
            if named and (path / mark).is_file():
                began = datetime.strptime(named[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                yield path, began


def _measured(path: Path, age: timedelta) -> OldFolder:
    sizes = [one.lstat().st_size for one in path.rglob("*") if one.is_symlink() or one.is_file()]
    return OldFolder(path=path, age=age, files=len(sizes), size_bytes=sum(sizes), kept=_kept(path))


def _kept(path: Path) -> str:
    try:
        if held(path):
            return "is running"
        journal = path / JOURNAL_FILE
        if journal.exists() and pending(journal):
            return "has changes to undo: run `harness recover` first"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return ""
