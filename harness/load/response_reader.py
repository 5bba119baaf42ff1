"""Reads an answer: httptools parses heads and chunks, bodies of known length go past it.

Those go from the socket into one buffer and are hashed there, without a copy.
"""

from dataclasses import dataclass
from typing import Final

import httptools
from gevent import socket

from harness.load.body_sinks import Body, Progress
from harness.load.lookup import reason
from harness.node.commands import Ending, Request

_CHUNK_BYTES: Final = 1 << 20
_FIRST_FINAL_STATUS: Final = 200

# One for the whole process: what a read put there is taken before another greenlet can run, and a
# buffer for each of thousands of idle connections would fill the memory.
_BUFFER: Final = bytearray(_CHUNK_BYTES)


@dataclass(kw_only=True)
class ClientResponse:
    """What came back; `ending` is decided when the body has been read."""

    status: int
    headers: dict[str, str]
    first_byte_s: float
    body_bytes: int = 0
    ending: Ending = Ending.WHOLE
    detail: str = ""


class Parsing:
    """One answer as httptools reports it. Interim answers (1xx) are passed over."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.status = 0
        self.keep_alive = False
        self.whole = False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if self.status:
            return
        if status < _FIRST_FINAL_STATUS:
            self.headers.clear()
            return
        self.status = status
        self.keep_alive = self.parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        if not self.whole:
            self.body.append(body)

    def on_message_complete(self) -> None:
        self.whole = bool(self.status)

    def feed(self, data: bytes | memoryview) -> bool:
        """False when `data` is not HTTP; what follows a whole answer only ends the connection."""
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.keep_alive = False
            return self.whole
        return True


class Reading:
    """One body on its way in."""

    def __init__(
        self,
        sock: socket.socket,
        ends: str,
        answer: ClientResponse,
        progress: Progress,
        request: Request,
    ) -> None:
        self._socket = sock
        self._ends = ends
        self._answer = answer
        self._progress = progress
        self._limit_s = request.progress_timeout_s

    def read(self, parsing: Parsing, body: Body) -> bool:
        """Read to the end, which is noted in the answer; False when no more was wanted."""
        for part in parsing.body:
            if not self._take(memoryview(part), body):
                return False
        if parsing.whole:
            return True
        length = self._answer.headers.get("content-length", "")
        if length and "transfer-encoding" not in self._answer.headers:
            return self._counted(int(length) - self._answer.body_bytes, body)
        return self._parsed(parsing, body)

    def _take(self, data: memoryview, body: Body) -> bool:
        self._progress.came()
        self._answer.body_bytes += len(data)
        return body.take(data)

    def _counted(self, left: int, body: Body) -> bool:
        view = memoryview(_BUFFER)
        while left > 0:
            count = self._receive(view[:left] if left < _CHUNK_BYTES else view)
            if not count:
                return True
            left -= count
            if not self._take(view[:count], body):
                return left == 0
        return True

    def _parsed(self, parsing: Parsing, body: Body) -> bool:
        """In chunks, or up to the end of the connection."""
        view = memoryview(_BUFFER)
        chunked = "transfer-encoding" in self._answer.headers
        while not parsing.whole:
            parsing.body.clear()
            count = self._receive(view)
            if not count:
                if self._answer.ending is Ending.CUT and not chunked:
                    self._answer.ending, self._answer.detail = Ending.WHOLE, ""
                return True
            if not parsing.feed(bytes(view[:count])):
                # Go: net/http/internal/chunked.go. Nothing to resume from, like a reset.
                self._answer.ending, self._answer.detail = (
                    Ending.RESET,
                    "malformed chunked encoding",
                )
            for part in parsing.body:
                if not self._take(memoryview(part), body):
                    return False
            if self._answer.ending is not Ending.WHOLE:
                return True
        return True

    def _receive(self, view: memoryview) -> int:
        """Bytes read into `view`; 0 when there are no more, with the ending noted."""
        while True:
            left_s = self._progress.left_s(self._limit_s)
            self._socket.settimeout(None if left_s is None else max(0.001, left_s))
            try:
                count = int(self._socket.recv_into(view))
            except TimeoutError:
                left_s = self._progress.left_s(self._limit_s)
                if left_s is not None and left_s > 0:
                    continue  # another part of the pull got a byte meanwhile
                self._end(Ending.STALLED, "context canceled")
                return 0
            except OSError as error:
                self._end(Ending.RESET, f"read tcp {self._ends}: read: {reason(error)}")
                return 0
            if not count:
                self._end(Ending.CUT, "unexpected EOF")
            return count

    def _end(self, ending: Ending, detail: str) -> None:
        self._answer.ending, self._answer.detail = ending, detail
