"""Access records: one JSON line for every request, written soon but not at once.

Nothing of a request's headers is recorded but Range and User-Agent, and of its query or form only
the repositories that a token is requested for.
"""

import asyncio
import json
import sys
import time
from functools import lru_cache
from pathlib import Path

from harness.gateway.exchange import Exchange

_FLUSH_EVERY_S = 0.5
_FLUSH_AT_LINES = 4096

_quoted = lru_cache(maxsize=8192)(json.dumps)


class AccessLog:
    """`start_s`: the monotonic time from which `at_s` counts; None (`at_s` null): not known yet."""

    def __init__(self, path: Path, start_s: float | None = None) -> None:
        self._file = path.open("ab", buffering=0)
        self.start_s = start_s
        self._lines: list[str] = []
        self._broken = False

    def record(self, exchange: Exchange) -> None:
        request, started_s = exchange.request, exchange.started_s
        first_s = exchange.first_byte_s
        span = agent = "null"
        for name, value in request.scope["headers"]:
            if name == b"range":
                span = _quoted(str(value, "latin-1"))
            elif name == b"user-agent":
                agent = _quoted(str(value, "latin-1"))
        first = "null" if first_s is None else f"{first_s - started_s:.6f}"
        bitten = ",".join(exchange.bitten_by)
        at = "null" if self.start_s is None else f"{started_s - self.start_s:.6f}"
        self._lines.append(
            f'{{"at_s": {at}, "node": {_quoted(request.node)}, '
            f'"kind": "{request.kind}", "method": "{request.method}", '
            f'"path": {_quoted(request.path)}, '
            f'"repository": {_quoted(" ".join(request.repositories))}, '
            f'"status": {exchange.status}, "bytes": {exchange.bytes}, "range": {span}, '
            f'"duration_s": {time.monotonic() - started_s:.6f}, "first_byte_s": {first}, '
            f'"bitten_by": {_quoted(bitten)}, "ended": "{exchange.ended}", '
            f'"user_agent": {agent}}}\n'
        )
        if len(self._lines) >= _FLUSH_AT_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what has been recorded; a full disk loses records, and says so once."""
        lines, self._lines = self._lines, []
        data = "".join(lines).encode()
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            if not self._broken:
                sys.stderr.write(f"access records are lost: {error}\n")
            self._broken = True

    def close(self) -> None:
        self.flush()
        self._file.close()

    async def keep_flushing(self) -> None:
        """Flush twice a second, until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_EVERY_S)
            self.flush()
