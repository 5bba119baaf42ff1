"""Toxiproxy's toxics, each as a `Stage` without clock or socket.

Attributes and their units are Toxiproxy's (toxics/*.go, v2.12.0).
"""

import math
from collections.abc import Mapping
from typing import Final

from harness.link.stage import Draw, End, Item, Stage, Tally

_KILO: Final = 1000  # Toxiproxy's KB: toxics/bandwidth.go divides bytes by rate to get ms
_PIECE_S: Final = 0.1  # toxics/bandwidth.go: slow data goes on in pieces of 100 ms
_MIN_CAPACITY_BYTES: Final = 64 << 10
_CAPACITY_S: Final = 0.01  # what a paced stage may hold; longer than the loop's 1 ms timers


class Latency(Stage):
    """Delays data by `latency` ms, give or take `jitter` ms."""

    attributes = ("latency", "jitter")

    def __init__(self, settings: Mapping[str, int], draw: Draw, tally: Tally, now_s: float) -> None:
        super().__init__(settings, draw, tally, now_s)
        self.delay_s = (settings["latency"] + max(0, settings["jitter"])) / 1000
        self._turn = 0

    def put(self, item: Item, now_s: float) -> None:
        if isinstance(item, End):
            self._hold(item, now_s)
            return
        delay_ms: float = self.settings["latency"]
        if self.settings["jitter"] > 0:
            self._turn += 1
            delay_ms += self.draw.around(self.settings["jitter"], self._turn)
        if delay_ms > 0:
            self._bite(item)
        self._hold(item, now_s + max(0.0, delay_ms) / 1000)


class Bandwidth(Stage):
    """Lets `rate` KB (1,000 bytes) a second pass; 0 lets none."""

    attributes = ("rate",)

    def __init__(self, settings: Mapping[str, int], draw: Draw, tally: Tally, now_s: float) -> None:
        super().__init__(settings, draw, tally, now_s)
        self.rate_bytes_s = max(0, settings["rate"]) * _KILO
        self.capacity_bytes = max(_MIN_CAPACITY_BYTES, self.rate_bytes_s * _CAPACITY_S)

    def put(self, item: Item, now_s: float) -> None:
        if isinstance(item, End):
            self._hold(item, now_s)
            return
        self._bite(item)
        if not self.rate_bytes_s:
            self._hold(item, math.inf)
            return
        due_s = max(now_s, self._last_due_s)
        piece_bytes = max(1, int(self.rate_bytes_s * _PIECE_S))
        for start in range(0, len(item), piece_bytes):
            piece = item[start : start + piece_bytes]
            due_s += len(piece) / self.rate_bytes_s
            self._hold(piece, due_s)


class SlowClose(Stage):
    """Holds the end of the stream back for `delay` ms."""

    attributes = ("delay",)

    def put(self, item: Item, now_s: float) -> None:
        if isinstance(item, memoryview):
            self._hold(item, now_s)
            return
        self._bite(item)
        self._hold(item, now_s + self.settings["delay"] / 1000)


class Timeout(Stage):
    """Drops all data, and closes the connection `timeout` ms after the last; 0: never."""

    attributes = ("timeout",)

    def __init__(self, settings: Mapping[str, int], draw: Draw, tally: Tally, now_s: float) -> None:
        super().__init__(settings, draw, tally, now_s)
        self._close_later(now_s)

    def put(self, item: Item, now_s: float) -> None:
        self._bite(item)
        if isinstance(item, End):
            self._waiting.clear()
            self._hold(End.CLOSE, now_s)
        else:
            self._close_later(now_s)

    def take(self, now_s: float) -> list[Item]:
        due = super().take(now_s)
        if due:
            self._bite(due[0])
        return due

    def succeed(self, former: Stage) -> list[Item]:
        self.bitten = former.bitten
        return []  # its time runs anew

    def leave(self) -> list[Item]:
        """What it held ends with it, also where nothing was sent: as Toxiproxy's Cleanup does."""
        self._bite(End.CLOSE)
        return [End.CLOSE]

    def _close_later(self, now_s: float) -> None:
        self._waiting.clear()
        if self.settings["timeout"] > 0:
            self._hold(End.CLOSE, now_s + self.settings["timeout"] / 1000)


class ResetPeer(Stage):
    """Resets the connection `timeout` ms after the first data or the end of the stream."""

    attributes = ("timeout",)

    def put(self, item: Item, now_s: float) -> None:
        if not self._waiting:
            self._bite(item)
            self._hold(End.RESET, now_s + self.settings["timeout"] / 1000)


class Slicer(Stage):
    """Cuts data into slices of about `average_size` bytes, `delay` µs apart."""

    attributes = ("average_size", "size_variation", "delay")

    def __init__(self, settings: Mapping[str, int], draw: Draw, tally: Tally, now_s: float) -> None:
        super().__init__(settings, draw, tally, now_s)
        self.capacity_bytes = _MIN_CAPACITY_BYTES
        self._turn = 0

    def put(self, item: Item, now_s: float) -> None:
        if isinstance(item, End):
            self._hold(item, now_s)
            return
        cuts = self._cuts(0, len(item))
        if len(cuts) > 1 or self.settings["delay"] > 0:
            self._bite(item)
        due_s = max(now_s, self._last_due_s)
        start = 0
        for cut in cuts:
            self._hold(item[start:cut], due_s)
            due_s += self.settings["delay"] / 1_000_000
            start = cut
        self._last_due_s = due_s

    def _cuts(self, start: int, end: int) -> list[int]:
        """Where the slices of [start, end) end: halved until short enough (toxics/slicer.go)."""
        variation = max(0, self.settings["size_variation"])
        size = end - start
        if size <= 1 or size - self.settings["average_size"] <= variation:
            return [end]
        middle = start + size // 2
        if variation:
            self._turn += 1
            middle += int(self.draw.around(variation, self._turn))
        middle = min(max(middle, start + 1), end - 1)
        return self._cuts(start, middle) + self._cuts(middle, end)


class LimitData(Stage):
    """Closes the connection after `bytes` bytes."""

    attributes = ("bytes",)

    def __init__(self, settings: Mapping[str, int], draw: Draw, tally: Tally, now_s: float) -> None:
        super().__init__(settings, draw, tally, now_s)
        self.passed_bytes = 0
        self._closed = False

    def put(self, item: Item, now_s: float) -> None:
        if self._closed:
            return
        if isinstance(item, End):
            self._hold(item, now_s)
            return
        left = max(0, self.settings["bytes"] - self.passed_bytes)
        kept = item[:left]
        if kept:
            self._hold(kept, now_s)
            self.passed_bytes += len(kept)
        if len(item) >= left:
            self._closed = True
            self._bite(item)
            self._hold(End.CLOSE, now_s)

    def succeed(self, former: Stage) -> list[Item]:
        if isinstance(former, LimitData):
            self.passed_bytes = former.passed_bytes
        return super().succeed(former)


TOXICS: Final[Mapping[str, type[Stage]]] = {
    "latency": Latency,
    "bandwidth": Bandwidth,
    "slow_close": SlowClose,
    "timeout": Timeout,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "limit_data": LimitData,
    "noop": Stage,
}
