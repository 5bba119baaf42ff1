"""Tells a run that still lives from one that was killed: a lock that ends with its process."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = "run.lock"


class RunLockError(Exception):
    """The run folder belongs to another process. One sentence."""


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the lock of a run `folder` until the block is left, or until this process dies.

    The lock is not inherited by children: they must not keep a killed run alive.
    Raises RunLockError when another process holds it.
    """
    path = folder / LOCK_FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _locked(descriptor):
            raise RunLockError(f"{folder}: another harness is running in this folder")
        yield
    finally:
        os.close(descriptor)


def held(folder: Path) -> bool:
    """Whether a living harness holds the lock of the run `folder`."""
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    if sys.platform == "win32":  # no flock: every run counts as ended; `recover` is run by hand
        return True
    import fcntl  # noqa: PLC0415  not on Windows

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
