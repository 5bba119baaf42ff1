"""An event loop whose time is virtual: it never waits, but leaps to whatever is due next."""

import asyncio
import selectors
from asyncio import events
from collections.abc import Callable
from typing import Any, Final

# A run begins at 0 on this clock, so that its times are exact; what comes before is earlier.
BEFORE_THE_RUN_S: Final = -3600.0


class StandstillError(RuntimeError):
    """Nothing is due any more and something still waits: an internal error of the simulation."""


class _Leaping(selectors.SelectSelector):
    """Takes the place of waiting for sockets, of which there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.leap: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise StandstillError("the simulation stands still: nothing is due any more")
        if timeout > 0:
            self.leap()
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """What is to run in a thread runs where it is called: no thread knows virtual time."""

    def __init__(self) -> None:
        self._now_s = BEFORE_THE_RUN_S
        selector = _Leaping()
        super().__init__(selector)
        selector.leap = self._leap

    def time(self) -> float:
        return self._now_s

    def run_in_executor(  # type: ignore[override]  # done at once, so that a future is enough
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  raised by whoever waits for it
            future.set_exception(error)
        return future

    def _leap(self) -> None:
        scheduled: list[events.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # BaseEventLoop's own heap
        self._now_s = max(self._now_s, scheduled[0].when())
