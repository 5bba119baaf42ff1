"""Undoes what killed runs left, by their journals.

A journal is a file that anybody may have written: it can name only processes of its own run, files
in its own folder, Toxiproxy servers on this machine or a private network, the cluster of its own
name, what bears its mark in nodes of clusters that the harness made, and its own namespace in a
cluster that the user allows. Undoing twice is the same as undoing once.
"""

import http.client
import ipaddress
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import psutil

from harness.clusters.existing.namespace_removal import ContextLeave, delete_existing_namespace
from harness.clusters.kind.recovery import (
    delete_kind_cluster,
    delete_namespace,
    remove_node_drop,
    remove_node_rule,
    restore_node_file,
    unmount_node_disk,
)
from harness.environment.registry import REGISTRY_FOLDER
from harness.environment.stored_index import INDEX_FILE
from harness.environment.upstream.images import UNDO
from harness.environment.upstream.tag_removal import RegistryLeave, remove_pushed_tag
from harness.process.child import RUN_ID_VARIABLE, ChildError
from harness.process.journal import Journal, pending
from harness.process.lock import RunLockError, hold
from harness.registry.index import change_file

JOURNAL_FILE: Final = "journal.jsonl"
_PLACES: Final = (JOURNAL_FILE, f"*/{JOURNAL_FILE}", f"*/*/{JOURNAL_FILE}")
_PATIENCE_S: Final = 3.0
_SCANS: Final = 3  # a dying process may still start another
_ANSWER_S: Final = 5.0


Kinds = dict[str, Callable[[Path, dict[str, Any]], str]]


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """One change: of which run, what was done about it, and whether it is still there."""

    run: str
    text: str
    failed: bool = False


class _NotUndone(Exception):  # noqa: N818  a reason, told to the user
    """Why a change could not be undone."""


def recover(
    reports: Path,
    leave: RegistryLeave | None = None,
    contexts: ContextLeave | None = None,
) -> list[Recovered]:
    """Carry out the pending undo records of every run in `reports`, the latest change first.

    `reports` may also be one scenario's folder or one run's. A run whose harness lives is left
    alone. What fails is told, keeps its record, and does not stop the others. `leave`: which
    registries of others may be asked. `contexts`: which clusters of others.
    """
    kinds = dict(_KINDS)
    kinds[UNDO] = partial(remove_pushed_tag, leave=leave or RegistryLeave())
    kinds["delete_existing_namespace"] = partial(
        delete_existing_namespace, leave=contexts or ContextLeave()
    )
    done: list[Recovered] = []
    for journal in _journals(reports):
        try:
            done.extend(_recover_run(journal, kinds))
        except OSError as error:
            text = f"{journal}: cannot be read or locked: {error.strerror}"
            done.append(Recovered(run=journal.parent.name, text=text, failed=True))
    return done


def _journals(reports: Path) -> list[Path]:
    return sorted({path for place in _PLACES for path in reports.glob(place) if path.is_file()})


def _recover_run(path: Path, kinds: Kinds) -> Iterator[Recovered]:
    folder = path.parent.resolve()
    if not pending(path):
        return
    try:
        with hold(folder):
            journal = Journal(path)
            try:
                for record in pending(path):
                    yield _undo(folder, record, journal, kinds)
            finally:
                journal.close()
    except RunLockError:
        yield Recovered(run=folder.name, text="is still running and was left alone")


def _undo(folder: Path, record: dict[str, Any], journal: Journal, kinds: Kinds) -> Recovered:
    undo = record["undo"]
    kind = undo.get("kind")
    carry_out = kinds.get(kind, _unknown) if isinstance(kind, str) else _unknown
    try:
        text = carry_out(folder, undo)
    except (_NotUndone, ChildError) as reason:
        return Recovered(run=folder.name, text=f"not undone: {reason}", failed=True)
    except KeyError as error:
        text = f"not undone: {kind}: {error.args[0]!r} is missing in the journal"
        return Recovered(run=folder.name, text=text, failed=True)
    except (OSError, ValueError, TypeError, psutil.Error, http.client.HTTPException) as error:
        return Recovered(run=folder.name, text=f"not undone: {kind}: {error}", failed=True)
    journal.done(record["id"])
    return Recovered(run=folder.name, text=text)


def _unknown(folder: Path, undo: dict[str, Any]) -> str:
    del folder
    raise _NotUndone(f"kind of change: one of {', '.join(_KINDS)}, got {undo.get('kind')!r}")


def _end_processes(folder: Path, undo: dict[str, Any]) -> str:
    run_id = undo["run_id"]
    if not isinstance(run_id, str) or not run_id or not folder.name.endswith(f"-{run_id}"):
        raise _NotUndone(f"run_id: the one in the folder's name {folder.name}, got {run_id!r}")
    name = str(undo.get("name", "processes"))
    ended: set[psutil.Process] = set()
    for _ in range(_SCANS):
        found = _processes_of(run_id)
        if not found:
            break
        ended.update(found)
        _end(found)
    if left := _processes_of(run_id):
        raise _NotUndone(f"{name}: {_pids(left)} cannot be ended")
    return f"{name}: ended {_pids(ended)}" if ended else f"{name}: had ended already"


def _pids(processes: set[psutil.Process]) -> str:
    return ", ".join(f"process {pid}" for pid in sorted(process.pid for process in processes))


def _processes_of(run_id: str) -> set[psutil.Process]:
    """Living processes that carry `run_id`; never this one or those that it runs under."""
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return {
        process
        for process in psutil.process_iter()
        if process.pid not in spared and _carries(process, run_id)
    }


def _carries(process: psutil.Process, run_id: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return bool(process.environ().get(RUN_ID_VARIABLE) == run_id)
    except (psutil.Error, OSError):  # another user's, or gone
        return False


def _end(processes: set[psutil.Process]) -> None:
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            try:
                ask(process)
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(list(processes), timeout=_PATIENCE_S)
        processes = {process for process in alive if process.is_running()}


def _continue_process(folder: Path, undo: dict[str, Any]) -> str:
    """Let a process go on that a fault had stopped; a stopped one does not even hear its end."""
    run_id, pid = undo["run_id"], undo["pid"]
    if not isinstance(run_id, str) or not run_id or not folder.name.endswith(f"-{run_id}"):
        raise _NotUndone(f"run_id: the one in the folder's name {folder.name}, got {run_id!r}")
    stopped = [process for process in _processes_of(run_id) if process.pid == pid]
    for process in stopped:
        process.send_signal(signal.SIGCONT)
    return f"process {pid}: goes on" if stopped else f"process {pid}: had ended already"


def _restore_bytes(folder: Path, undo: dict[str, Any]) -> str:
    path = _inside(folder, undo["path"])
    offset, before = int(undo["offset"]), bytes.fromhex(undo["hex"])
    with path.open("r+b", buffering=0) as file:
        if offset < 0 or offset + len(before) > path.stat().st_size:
            raise _NotUndone(f"{path.name}: offset {offset} is outside its {path.stat().st_size} B")
        file.seek(offset)
        if file.read(len(before)) == before:
            return f"{path.name}: the bytes at {offset} were whole already"
        file.seek(offset)
        file.write(before)
        os.fsync(file.fileno())
    return f"{path.name}: put {len(before)} bytes back at {offset}"


def _restore_file(folder: Path, undo: dict[str, Any]) -> str:
    path, backup = _inside(folder, undo["path"]), _inside(folder, undo["backup"])
    if not backup.exists():
        if path.exists():
            return f"{path.name}: was whole already"
        raise _NotUndone(f"{path.name}: its backup {backup.name} is missing")
    if path.exists() and path.samefile(backup):  # two names of one file: nothing was changed
        backup.unlink()
        return f"{path.name}: was whole already"
    backup.replace(path)
    return f"{path.name}: put back whole"


def _remove_file(folder: Path, undo: dict[str, Any]) -> str:
    path = _inside(folder, undo["path"])
    if not path.exists():
        return f"{path.name}: was removed already"
    path.unlink()
    return f"{path.name}: removed"


def _change_index(folder: Path, undo: dict[str, Any]) -> str:
    """What the registry has under which name; making its changes twice is making them once."""
    changes = undo["changes"]
    if not isinstance(changes, list) or not all(isinstance(it, dict) for it in changes):
        raise _NotUndone(f"changes: a list of changes, got {changes!r}")
    path = _inside(folder, f"{REGISTRY_FOLDER}/{INDEX_FILE}")  # always there: none other is named
    if not path.exists():
        return f"{INDEX_FILE}: was removed already"
    change_file(path, changes)
    return f"{INDEX_FILE}: put {len(changes)} changes back"


def _remove_registry(folder: Path, undo: dict[str, Any]) -> str:
    """The registry's content, which its room removes by itself when it closes in order."""
    del undo  # it is always in the same place: a journal cannot name another
    content = folder / REGISTRY_FOLDER
    if content.is_symlink():
        raise _NotUndone(f"{REGISTRY_FOLDER}: a folder, got a link")
    if not content.exists():
        return f"{REGISTRY_FOLDER}: was removed already"
    shutil.rmtree(content)
    return f"{REGISTRY_FOLDER}: removed"


def _inside(folder: Path, name: str) -> Path:
    """`name` with its links followed, which must lie in the run's folder."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise _NotUndone(f"path: inside {folder}, got {name!r}")
    if path.exists() and not path.is_file():
        raise _NotUndone(f"path: a file, got {name!r}")
    return path


def _remove_proxies(folder: Path, undo: dict[str, Any]) -> str:
    del folder  # the server is no file
    url, names = urlsplit(undo["url"]), undo["names"]
    if url.scheme != "http" or not _is_near(url.hostname or ""):
        raise _NotUndone(f"url: http on this machine or a private network, got {undo['url']!r}")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _NotUndone(f"names: a list of proxies, got {names!r}")
    try:
        for name in names:
            _remove_proxy(str(url.hostname), url.port or 80, name)
    except ConnectionRefusedError:
        return f"Toxiproxy at {url.netloc}: is gone, and its proxies with it"
    return f"Toxiproxy at {url.netloc}: removed {', '.join(names) or 'nothing'}"


def _remove_proxy(host: str, port: int, name: str) -> None:
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_S)
    try:
        connection.request("DELETE", f"/proxies/{quote(name, safe='')}")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
        raise _NotUndone(f"Toxiproxy at {host}:{port}: proxy {name}: answered {status}")


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


_KINDS: Final[Kinds] = {
    "end_processes": _end_processes,
    "continue_process": _continue_process,
    "restore_bytes": _restore_bytes,
    "restore_file": _restore_file,
    "remove_file": _remove_file,
    "change_index": _change_index,
    "remove_registry": _remove_registry,
    "toxiproxy_proxies": _remove_proxies,
    "delete_kind_cluster": delete_kind_cluster,
    "delete_namespace": delete_namespace,
    "restore_node_file": restore_node_file,
    "remove_node_rule": remove_node_rule,
    "remove_node_drop": remove_node_drop,
    "unmount_node_disk": unmount_node_disk,
}
