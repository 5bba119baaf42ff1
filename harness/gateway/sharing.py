"""Content of many answers on its way out through lanes that they share.

A lane is a bandwidth: of everything that a registry sends, of one node, or of a rule. Each answer
has at most one piece waiting, all pieces are of one size, and they go in the order in which they
came. So answers get equal parts of a lane, and what one cannot use, because another lane or its
client is slower, is left to the others: max-min fairness, as among long TCP connections with equal
round trips.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from starlette.types import Message, Send

from harness.gateway.client_connection import Connection
from harness.gateway.pace import Pace
from harness.process.clock import monotonic_s

_CATCH_UP_S: Final = 0.1  # more than timers are late on a busy machine
_PIECE_S: Final = 0.02
PIECE_BYTES_MAX: Final = 128 << 10
_PIECE_BYTES_ENOUGH: Final = 32 << 10  # smaller ones cost the gateway too much at high rates
_PIECE_S_MAX: Final = 0.5
_PIECE_BYTES_MIN: Final = 512


class Lane(Protocol):
    """A bandwidth that answers share."""

    def change(self, bytes_per_s: float) -> None:
        """Go on at another rate."""
        ...

    def open(self) -> None:
        """Hold nothing up any more."""
        ...


class Sharing(Protocol):
    """Who decides how much of an answer may go."""

    def lane(self, bytes_per_s: float) -> Lane: ...

    async def room(self, connection: Connection, lanes: Sequence[Lane], count: int) -> int:
        """Wait until some of `count` bytes may go through all of `lanes`; how many."""
        ...


class PacedLane:
    """A lane in real time. `changed` is called when it changes or opens."""

    def __init__(self, bytes_per_s: float, changed: Callable[["PacedLane"], None]) -> None:
        self.pace = Pace(bytes_per_s, catch_up_s=_CATCH_UP_S)
        self.is_open = False
        self._changed = changed

    def change(self, bytes_per_s: float) -> None:
        self.pace.per_s = bytes_per_s
        self._changed(self)

    def open(self) -> None:
        self.is_open = True
        self._changed(self)


class PacedSharing:
    """Pieces reserve their time in every lane at once, and go when the last has come.

    `piece_bytes_max`: larger pieces cost less, and share less evenly.
    """

    def __init__(self, piece_bytes_max: int = PIECE_BYTES_MAX) -> None:
        self._lanes: dict[PacedLane, None] = {}
        self._most_bytes = piece_bytes_max
        self._piece_bytes = piece_bytes_max  # the same for all, or larger ones would get more
        self._opened = asyncio.Event()

    def lane(self, bytes_per_s: float) -> PacedLane:
        lane = PacedLane(bytes_per_s, self._changed)
        self._lanes[lane] = None
        self._piece_bytes = min(self._piece_bytes, self._fitting(bytes_per_s))
        return lane

    async def room(self, connection: Connection, lanes: Sequence[Lane], count: int) -> int:
        """See `Sharing.room`."""
        del connection
        piece = min(count, self._piece_bytes)
        now_s = monotonic_s()
        until = {
            lane: lane.pace.reserve(piece, now_s) + piece / lane.pace.per_s
            for lane in lanes
            if isinstance(lane, PacedLane) and not lane.is_open
        }
        while left := [until_s for lane, until_s in until.items() if not lane.is_open]:
            wait_s = max(left) - monotonic_s()
            if wait_s <= 0:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._opened.wait()
        return piece

    def _changed(self, lane: PacedLane) -> None:
        if lane.is_open:
            self._lanes.pop(lane, None)
            opened, self._opened = self._opened, asyncio.Event()
            opened.set()
        sizes = (self._fitting(it.pace.per_s) for it in self._lanes)
        self._piece_bytes = min(sizes, default=self._most_bytes)

    def _fitting(self, bytes_per_s: float) -> int:
        """How much goes at once at this rate: little, so that answers take turns often."""
        least = min(_PIECE_BYTES_ENOUGH, bytes_per_s * _PIECE_S_MAX)
        size = max(_PIECE_BYTES_MIN, bytes_per_s * _PIECE_S, least)
        return int(min(self._most_bytes, size))


def shared(
    send: Send,
    *,
    connection: Connection,
    lanes: Sequence[Lane],
    sharing: Sharing,
    passed: Callable[[], None],
) -> Send:
    """`send` for an answer whose content goes through `lanes`.

    `passed` is called before each piece goes out, and may raise.
    """

    async def passing(message: Message) -> None:
        body = message.get("body", b"")
        if not body:
            await send(message)
        while body:
            count = await sharing.room(connection, lanes, len(body))
            passed()
            piece, body = body[:count], body[count:]
            more = bool(body) or message.get("more_body", False)
            await send({**message, "body": piece, "more_body": more})
            if body and connection.full:
                await connection.drained()

    return passing
