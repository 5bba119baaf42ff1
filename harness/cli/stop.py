"""Ctrl-C and SIGTERM: the first heals and closes in order, the second forces."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

from harness.recording.outcome import ExitCode

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
            say("stopping: removing faults and shutting down; press Ctrl-C again to force")
            task.cancel()

        for number in _numbers():
            with suppress(NotImplementedError):  # Windows' loop has no handlers
                loop.add_signal_handler(number, on_signal)
        return await main()

    before = {number: signal.getsignal(number) for number in _numbers()}
    try:
        return asyncio.run(guarded())
    finally:  # a loop that closes leaves Python's own handlers behind
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at_once_when_interrupted() -> None:
    """Outside a run there is nothing to heal: Ctrl-C and SIGTERM end with the documented code."""

    def end(*_: object) -> None:
        raise SystemExit(ExitCode.INTERRUPTED)

    for number in _numbers():
        signal.signal(number, end)


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]


def force() -> None:
    """End every process that this one started, then this one."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
    os._exit(ExitCode.INTERRUPTED)
