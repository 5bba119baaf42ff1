"""Undoes what killed runs left, by their journals.

A journal is a file that anybody may have written: it can name only processes of its own run, files
in its own folder, Toxiproxy servers on this machine or a private network, the cluster of its own
name, what bears its mark in nodes of clusters that the harness made, and its own namespace in a
cluster that the user allows. Undoing twice is the same as undoing once.
"""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import psutil

from harness.clusters.existing.namespace_removal import ContextLeave, delete_existing_namespace
from harness.clusters.kind.recovery import (
    NODE_CHANGES,
    delete_kind_cluster,
    delete_namespace,
    undo_node_change,
)
from harness.environment.proxy_recovery import remove_proxies
from harness.environment.store_recovery import (
    change_index,
    remove_file,
    remove_registry,
    restore_bytes,
    restore_file,
)
from harness.environment.upstream.images import UNDO
from harness.environment.upstream.tag_removal import RegistryLeave, remove_pushed_tag
from harness.process.child import ChildError
from harness.process.journal import Journal, NotUndoneError, pending
from harness.process.lock import RunLockError, hold
from harness.process.process_recovery import continue_process, end_processes

JOURNAL_FILE: Final = "journal.jsonl"
_PLACES: Final = (JOURNAL_FILE, f"*/{JOURNAL_FILE}", f"*/*/{JOURNAL_FILE}")

Kinds = dict[str, Callable[[Path, dict[str, Any]], str]]


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """One change: of which run, what was done about it, and whether it is still there."""

    run: str
    text: str
    failed: bool = False


def recover(
    reports: Path,
    leave: RegistryLeave | None = None,
    contexts: ContextLeave | None = None,
) -> list[Recovered]:
    """Carry out the pending undo records of every run in `reports`, the latest change first.

    `reports` may also be one scenario's folder or one run's. A run whose harness lives is left
    alone. What fails is reported, keeps its record, and does not stop the others. `leave`: which
    registries of others may be used. `contexts`: which clusters of others.
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
    except (NotUndoneError, ChildError) as reason:
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
    raise NotUndoneError(f"kind of change: one of {', '.join(_KINDS)}, got {undo.get('kind')!r}")


_KINDS: Final[Kinds] = {
    "end_processes": end_processes,
    "continue_process": continue_process,
    "restore_bytes": restore_bytes,
    "restore_file": restore_file,
    "remove_file": remove_file,
    "change_index": change_index,
    "remove_registry": remove_registry,
    "toxiproxy_proxies": remove_proxies,
    "delete_kind_cluster": delete_kind_cluster,
    "delete_namespace": delete_namespace,
    **{it.kind: partial(undo_node_change, change=it) for it in NODE_CHANGES},
}
