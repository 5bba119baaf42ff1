"""Ends the processes that a killed run left; only those that carry the run's own id."""

import os
import signal
from pathlib import Path
from typing import Any, Final

import psutil

from harness.process.child import RUN_ID_VARIABLE
from harness.process.journal import NotUndoneError, own_run_id

_PATIENCE_S: Final = 3.0
_SCANS: Final = 3  # a dying process may still start another


def end_processes(folder: Path, undo: dict[str, Any]) -> str:
    """End what the run of `folder` started. Raises NotUndoneError, KeyError, psutil.Error."""
    run_id = own_run_id(folder, undo)
    name = str(undo.get("name", "processes"))
    ended: set[psutil.Process] = set()
    for _ in range(_SCANS):
        found = _processes_of(run_id)
        if not found:
            break
        ended.update(found)
        _end(found)
    if left := _processes_of(run_id):
        raise NotUndoneError(f"{name}: {_pids(left)} cannot be ended")
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
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            try:
                end(process)
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(list(processes), timeout=_PATIENCE_S)
        processes = {process for process in alive if process.is_running()}


def continue_process(folder: Path, undo: dict[str, Any]) -> str:
    """Let a process go on that a fault had stopped: a stopped one cannot even be terminated.

    Raises NotUndoneError, KeyError, psutil.Error.
    """
    run_id, pid = own_run_id(folder, undo), undo["pid"]
    stopped = [process for process in _processes_of(run_id) if process.pid == pid]
    for process in stopped:
        process.send_signal(signal.SIGCONT)
    return f"process {pid}: goes on" if stopped else f"process {pid}: had ended already"
