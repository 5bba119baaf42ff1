"""Ctrl-C and SIGTERM: the first heals and closes in order, the second forces."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

import psutil

from harness.outcome import ExitCode

Result = TypeVar("Result")

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def run_until_stopped(
    main: Callable[[], Coroutine[object, object, Result]], *, say: Callable[[str], None]
) -> Result:
    """Run `main` to its end; a signal cancels it once, a second one kills what it started."""

    async def guarded() -> Result:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        asked = False

        def on_signal() -> None:
            nonlocal asked
            if asked:
                force()
            asked = True
            say("stopping: healing faults and closing; once more to force")
            task.cancel()

        for name in _SIGNALS:
            if number := getattr(signal, name, None):
                with suppress(NotImplementedError):  # Windows' loop has no handlers
                    loop.add_signal_handler(number, on_signal)
        return await main()

    return asyncio.run(guarded())


def force() -> None:
    """End every process that this one started, then this one."""
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
    os._exit(ExitCode.INTERRUPTED)
