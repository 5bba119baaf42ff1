"""One direction of a connection through the link: a flow of bytes with its stages.

Sockets are read and written when the loop says that they are ready; there is one shared read
buffer and no task a connection. What cannot be sent at once stops the reading of its source, so a
slow receiver slows its sender down, as it would without the link.
"""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from harness.link.stage import End, Item, Stage

BUDGET_BYTES: Final = 512 << 20  # what toxics may hold back in all connections together
_READ_BYTES: Final = 256 << 10
_STAGED_READ_BYTES: Final = 64 << 10
_FRUGAL_READ_BYTES: Final = 16 << 10  # beyond the budget, one read a connection
_OUT_BYTES: Final = 256 << 10
_TIMER_SLACK_S: Final = 0.0005  # half of the loop's timer resolution

_buffer = memoryview(bytearray(_READ_BYTES))


class Budget:
    """The bytes that all flows of this process hold."""

    def __init__(self, limit_bytes: int = BUDGET_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0

    @property
    def spent(self) -> bool:
        return self.held_bytes >= self.limit_bytes


class Flow:
    """The bytes from `source` to `target`. `on_end` is called once with how it ended."""

    def __init__(
        self,
        source: socket.socket,
        target: socket.socket,
        *,
        budget: Budget,
        on_end: Callable[[End], None],
    ) -> None:
        self.stages: list[Stage] = []
        self._loop = asyncio.get_running_loop()
        self._source, self._target = source, target
        self._source_fd, self._target_fd = source.fileno(), target.fileno()
        self._budget = budget
        self._on_end = on_end
        self._out: deque[memoryview] = deque()
        self._out_bytes = 0
        self._held_bytes = 0
        self._reading = self._writing = self._reads_on = False
        self._finished = False  # the source has no more
        self._end: End | None = None  # what is left to do when all is sent
        self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = float("inf")

    def start(self) -> None:
        self._pump()

    def stop(self) -> None:
        """Let go of loop and budget; the sockets are the connection's."""
        self._over = True
        self._read(wanted=False)
        self._write(wanted=False)
        if self._timer is not None:
            self._timer.cancel()
        self._budget.held_bytes -= self._held_bytes
        self._held_bytes = 0
        self._out.clear()
        self.stages = []

    def restage(self, stages: list[Stage], left: list[tuple[int, list[Item]]]) -> None:
        """Go on with `stages`. `left`: items of a stage that is gone, and where they go on."""
        if self._over:
            return
        self.stages = stages
        now_s = time.monotonic()
        for position, items in left:
            for item in items:
                self._put(item, position, now_s)
        self._pump()

    def _readable(self) -> None:
        if not self._reading:
            return
        room = self._room()
        try:
            count = self._source.recv_into(_buffer, room)
        except BlockingIOError:
            return
        except OSError:
            self._finish(End.RESET)
            return
        if not count:
            self._source_ended()
            return
        if self.stages:
            self._put(memoryview(bytes(_buffer[:count])), 0, time.monotonic())
            self._pump()
        else:
            self._pass_on(count)
        if self._reading:
            self._look_behind(certain=count == room)

    def _room(self) -> int:
        if not self.stages:
            return _READ_BYTES
        return _FRUGAL_READ_BYTES if self._budget.spent else _STAGED_READ_BYTES

    def _pass_on(self, count: int) -> None:
        try:
            sent = self._target.send(_buffer[:count])
        except BlockingIOError:
            sent = 0
        except OSError:
            self._finish(End.RESET)
            return
        if sent < count:
            self._keep(count, sent)

    def _look_behind(self, *, certain: bool) -> None:
        """Read on if more waits, or `certain`: after an error uvloop calls a reader only once."""
        if not certain:
            try:
                self._source.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return
            except OSError:
                self._finish(End.RESET)
                return
        if not self._reads_on:
            self._reads_on = True
            self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        self._reads_on = False
        self._readable()

    def _keep(self, count: int, sent: int) -> None:
        rest = memoryview(bytes(_buffer[sent:count]))
        self._out.append(rest)
        self._out_bytes += len(rest)
        self._settle()

    def _source_ended(self) -> None:
        self._finished = True
        self._put(End.FIN, 0, time.monotonic())
        self._pump()

    def _put(self, item: Item, position: int, now_s: float) -> None:
        """Hand `item` to the stage at `position`, or behind the last to the target."""
        if position < len(self.stages):
            self.stages[position].put(item, now_s)
        elif isinstance(item, memoryview):
            self._out.append(item)
            self._out_bytes += len(item)
        elif self._end is None or item is End.RESET:
            self._end = item

    def _pump(self) -> None:
        """Move on what is due, send what can be sent, and set timer and reading for the rest."""
        if self._over:
            return
        now_s = time.monotonic() + _TIMER_SLACK_S
        for position, stage in enumerate(self.stages):
            for item in stage.take(now_s):
                self._put(item, position + 1, now_s)
        self._send()

    def _send(self) -> None:
        if self._over:
            return
        if self._end is End.RESET:
            self._finish(End.RESET)
            return
        try:
            while self._out:
                chunk = self._out[0]
                sent = self._target.send(chunk)
                self._out_bytes -= sent
                if sent < len(chunk):
                    self._out[0] = chunk[sent:]
                    break
                self._out.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self._finish(End.RESET)
            return
        if self._end is not None and not self._out:
            self._finish(self._end)
        else:
            self._settle()

    def _settle(self) -> None:
        """Account for what is held, and ask the loop for what is needed next."""
        held = self._out_bytes
        due_s = float("inf")
        full = False
        for stage in self.stages:
            held += stage.held_bytes
            due_s = min(due_s, stage.due_s())
            full = full or stage.held_bytes >= stage.capacity_bytes
        self._budget.held_bytes += held - self._held_bytes
        self._held_bytes = held
        self._alarm(due_s)
        self._write(wanted=bool(self._out))
        if self.stages:
            full = full or self._out_bytes >= _OUT_BYTES or self._over_its_share(held)
        else:
            full = bool(self._out)
        self._read(wanted=not (full or self._finished or self._end is not None))

    def _over_its_share(self, held_bytes: int) -> bool:
        """Whether more would only queue: beyond budget, or beyond what fits rate times delay."""
        if not held_bytes:
            return False
        if self._budget.spent:
            return True
        rate_bytes_s = min(stage.rate_bytes_s for stage in self.stages)
        delay_s = sum(stage.delay_s for stage in self.stages)
        return held_bytes >= _OUT_BYTES + rate_bytes_s * (delay_s + 0.01)

    def _alarm(self, due_s: float) -> None:
        if due_s == self._timer_due_s:
            return
        self._timer_due_s = due_s
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_s != float("inf"):
            delay_s = max(0.0, due_s - time.monotonic())
            self._timer = self._loop.call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._timer_due_s = float("inf")
        self._pump()

    def _read(self, *, wanted: bool) -> None:
        if wanted != self._reading:
            self._reading = wanted
            if wanted:
                self._loop.add_reader(self._source_fd, self._readable)
            else:
                self._loop.remove_reader(self._source_fd)

    def _write(self, *, wanted: bool) -> None:
        if wanted != self._writing:
            self._writing = wanted
            if wanted:
                self._loop.add_writer(self._target_fd, self._send)
            else:
                self._loop.remove_writer(self._target_fd)

    def _finish(self, how: End) -> None:
        self.stop()
        if how is End.FIN:
            with suppress(OSError):
                self._target.shutdown(socket.SHUT_WR)
        self._on_end(how)
