"""For how long a registry is waited for. A slow one is let go on, a stalled one is not."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AskLimits:
    """What a registry may take.

    `answer_s`: from a request to the head of its answer; and until a body, in either direction, has
    ended or moved on by what `least_bytes_per_s` moves in that time. `connect_s`: for TCP, and
    again for TLS; both end before `answer_s`, because httpx leaves a connection open whose
    handshake is cancelled. `tries`: requests when it is busy or a connection fails. `pages`,
    `list_s`: of one list.
    """

    answer_s: float = 30.0
    connect_s: float = 10.0
    least_bytes_per_s: int = 10 << 10
    tries: int = 4
    pages: int = 10_000
    list_s: float = 600.0


class Deadline:
    """When waiting for one request ends, with a TimeoutError in the block of `timeout`."""

    def __init__(self, limits: AskLimits) -> None:
        self.timeout = asyncio.timeout(limits.answer_s)
        self._limits = limits
        self._moved_bytes = 0

    def renew(self, after_s: float = 0.0) -> None:
        """Begin to wait for something new, `after_s` from now."""
        self._moved_bytes = 0
        now_s = asyncio.get_running_loop().time()
        self.timeout.reschedule(now_s + after_s + self._limits.answer_s)

    def moved(self, size_bytes: int) -> None:
        """Bytes of a body came or went."""
        self._moved_bytes += size_bytes
        if self._moved_bytes >= self._limits.least_bytes_per_s * self._limits.answer_s:
            self.renew()

    @property
    def text(self) -> str:
        """What was missed."""
        rate = f"{self._limits.least_bytes_per_s / 1024:g} KiB/s"
        return f"no whole answer within {self._limits.answer_s:g} s, or slower than {rate}"
