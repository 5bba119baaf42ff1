"""Whether processes live, and bounded waits for what they do."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

_LIMIT_S = 15.0
_STEP_S = 0.02


def alive(pid: int) -> bool:
    """Whether `pid` is a process that still does something."""
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def wait_until_gone(*pids: int) -> None:
    """Wait until none of `pids` lives. Raises AssertionError after 15 s."""
    until_s = time.monotonic() + _LIMIT_S
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < until_s, f"{pids} live on"
        time.sleep(_STEP_S)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds. Raises AssertionError after 15 s."""
    for _ in range(int(_LIMIT_S / _STEP_S)):
        if condition():
            return
        await asyncio.sleep(_STEP_S)
    raise AssertionError("the condition never held")
