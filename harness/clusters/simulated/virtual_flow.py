"""One direction of a simulated connection: bytes and endings through the link's own toxics."""

import asyncio
import math
from collections.abc import Callable
from typing import Final

from harness.link.stage import Item, Stage

_ROUNDING_S: Final = 1e-9


class VirtualFlow:
    """Hands each item to `deliver` when the stages have let it through; without stages at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Item], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._stages: list[Stage] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = math.inf
        self._over = False

    @property
    def is_plain(self) -> bool:
        """Whether nothing is on the way."""
        return not self._stages

    def send(self, item: Item) -> None:
        """Let `item` set out."""
        if self._over:
            return
        if not self._stages:
            self._deliver(item)
            return
        self._put(item, 0, self._loop.time())
        self._pump()

    def restage(self, stages: list[Stage], left: list[tuple[int, list[Item]]]) -> None:
        """Go on with `stages`. `left`: items of a stage that is gone, and where they go on."""
        if self._over:
            return
        self._stages = stages
        for position, items in left:
            for item in items:
                self._put(item, position, self._loop.time())
        self._pump()

    def stop(self) -> None:
        """Deliver nothing more."""
        self._over = True
        self._stages = []
        if self._timer is not None:
            self._timer.cancel()

    def _put(self, item: Item, position: int, now_s: float) -> None:
        if position < len(self._stages):
            self._stages[position].put(item, now_s)
        elif not self._over:
            self._deliver(item)

    def _pump(self) -> None:
        now_s = self._loop.time() + _ROUNDING_S
        for position, stage in enumerate(self._stages):
            for item in stage.take(now_s):
                self._put(item, position + 1, now_s)
        if not self._over:
            self._alarm(min((stage.due_s() for stage in self._stages), default=math.inf))

    def _alarm(self, due_s: float) -> None:
        if due_s == self._timer_due_s:
            return
        self._timer_due_s = due_s
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_s < math.inf:
            self._timer = self._loop.call_at(due_s, self._ring)

    def _ring(self) -> None:
        self._timer_due_s = math.inf
        self._pump()
