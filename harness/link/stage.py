"""What a toxic is to one direction of one connection, without clock or socket.

Items go into a `Stage` with `put`, wait, and come out with `take` when they are due. Times are
seconds of any monotonic clock; the caller says what time it is.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from harness.chance import Chance


class End(Enum):
    """How a direction ends."""

    FIN = "fin"  # the sender has finished; passed on as it is
    CLOSE = "close"  # the whole connection is closed
    RESET = "reset"  # the whole connection is reset


Item = memoryview | End


@dataclass(kw_only=True)
class Tally:
    """What a toxic has changed on one proxy."""

    connections: int = 0
    chunks: int = 0
    bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A connection's share of chance: the toxic's chance and the connection's number."""

    chance: Chance
    connection: int

    def says(self, share: float) -> bool:
        """Whether this connection belongs to `share`; the same answer for its whole life."""
        return self.chance.says(share, f"{self.connection}")

    def around(self, spread: int, turn: int) -> float:
        """A number in [-spread, spread) that belongs to this connection and turn."""
        return self.chance.between(-spread, spread, f"{self.connection}/{turn}")


class Stage:
    """One toxic on one direction of one connection; this one changes nothing."""

    attributes: ClassVar[tuple[str, ...]] = ()
    capacity_bytes: float = math.inf  # reading pauses while more than this waits here
    delay_s: float = 0.0  # how long data stays
    rate_bytes_s: float = math.inf

    def __init__(self, settings: Mapping[str, int], draw: Draw, tally: Tally, now_s: float) -> None:
        self.settings = settings
        self.draw = draw
        self.tally = tally
        self.held_bytes = 0
        self.bitten = False
        self._waiting: deque[tuple[float, Item]] = deque()
        self._last_due_s = now_s

    def put(self, item: Item, now_s: float) -> None:
        """Take `item` in."""
        self._hold(item, now_s)

    def take(self, now_s: float) -> list[Item]:
        """The items that are due."""
        due: list[Item] = []
        while self._waiting and self._waiting[0][0] <= now_s:
            item = self._waiting.popleft()[1]
            if isinstance(item, memoryview):
                self.held_bytes -= len(item)
            due.append(item)
        return due

    def due_s(self) -> float:
        """When `take` will next have something; infinity for never."""
        return self._waiting[0][0] if self._waiting else math.inf

    def leave(self) -> list[Item]:
        """Everything that waits, when the toxic is removed: no byte is lost by healing."""
        return self.take(math.inf)

    def succeed(self, former: "Stage") -> list[Item]:
        """Take over from the stage with the settings before an update: what waited there."""
        self.bitten = former.bitten
        return former.take(math.inf)

    def _hold(self, item: Item, due_s: float) -> None:
        """Let `item` wait until `due_s`, but never overtake the one before it."""
        self._last_due_s = max(due_s, self._last_due_s)
        self._waiting.append((self._last_due_s, item))
        if isinstance(item, memoryview):
            self.held_bytes += len(item)

    def _bite(self, item: Item) -> None:
        if not self.bitten:
            self.bitten = True
            self.tally.connections += 1
        if isinstance(item, memoryview):
            self.tally.chunks += 1
            self.tally.bytes += len(item)
