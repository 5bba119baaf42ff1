"""Puts the registry's files back that a killed run left changed; only inside the run's folder.

Each function returns what it did, and raises NotUndoneError, KeyError, OSError, ValueError or
TypeError when it cannot.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from harness.environment.registry import REGISTRY_FOLDER
from harness.environment.stored_index import INDEX_FILE
from harness.process.journal import NotUndoneError
from harness.registry.change_log import change_file


def restore_bytes(folder: Path, undo: dict[str, Any]) -> str:
    """Write the bytes back that a fault changed in place."""
    path = _inside(folder, undo["path"])
    offset, before = int(undo["offset"]), bytes.fromhex(undo["hex"])
    with path.open("r+b", buffering=0) as file:
        if offset < 0 or offset + len(before) > path.stat().st_size:
            raise NotUndoneError(
                f"{path.name}: offset {offset} is outside its {path.stat().st_size} B"
            )
        file.seek(offset)
        if file.read(len(before)) == before:
            return f"{path.name}: the bytes at {offset} were whole already"
        file.seek(offset)
        file.write(before)
        os.fsync(file.fileno())
    return f"{path.name}: put {len(before)} bytes back at {offset}"


def restore_file(folder: Path, undo: dict[str, Any]) -> str:
    """Let the backup take the place of the file."""
    path, backup = _inside(folder, undo["path"]), _inside(folder, undo["backup"])
    if not backup.exists():
        if path.exists():
            return f"{path.name}: was whole already"
        raise NotUndoneError(f"{path.name}: its backup {backup.name} is missing")
    if path.exists() and path.samefile(backup):  # two names of one file: nothing was changed
        backup.unlink()
        return f"{path.name}: was whole already"
    backup.replace(path)
    return f"{path.name}: put back whole"


def remove_file(folder: Path, undo: dict[str, Any]) -> str:
    """Remove a file that a fault added."""
    path = _inside(folder, undo["path"])
    if not path.exists():
        return f"{path.name}: was removed already"
    path.unlink()
    return f"{path.name}: removed"


def change_index(folder: Path, undo: dict[str, Any]) -> str:
    """What the registry has under which name; making its changes twice is making them once."""
    changes = undo["changes"]
    if not isinstance(changes, list) or not all(isinstance(it, dict) for it in changes):
        raise NotUndoneError(f"changes: a list of changes, got {changes!r}")
    path = _inside(folder, f"{REGISTRY_FOLDER}/{INDEX_FILE}")  # always there: none other is named
    if not path.exists():
        return f"{INDEX_FILE}: was removed already"
    change_file(path, changes)
    return f"{INDEX_FILE}: put {len(changes)} changes back"


def remove_registry(folder: Path, undo: dict[str, Any]) -> str:
    """Remove the registry's content, which an orderly end removes by itself."""
    del undo  # it is always in the same place: a journal cannot name another
    content = folder / REGISTRY_FOLDER
    if content.is_symlink():
        raise NotUndoneError(f"{REGISTRY_FOLDER}: a folder, got a link")
    if not content.exists():
        return f"{REGISTRY_FOLDER}: was removed already"
    shutil.rmtree(content)
    return f"{REGISTRY_FOLDER}: removed"


def _inside(folder: Path, name: str) -> Path:
    """`name` with its links followed, which must lie in the run's folder."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise NotUndoneError(f"path: inside {folder}, got {name!r}")
    if path.exists() and not path.is_file():
        raise NotUndoneError(f"path: a file, got {name!r}")
    return path
