"""One HTTP/1.1 connection on a gevent socket: a request out, an answer in, its exact ending.

httptools parses heads; bodies go from the socket into one buffer and are hashed there. A library
client hides what the node rules ask for: whether a body was cut, reset or stalled, and how many
bytes of it came.
"""

import errno
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import gevent
import httptools
from gevent import socket

from harness.node.commands import Ending, Failing, TransportFailure

BODY_BYTES_KEPT: Final = 4 << 20  # of answers that are not hashed: containerd's manifest limit
_HEAD_BYTES_MAX: Final = 64 << 10
_CHUNK_BYTES: Final = 1 << 20
_NO_BODY: Final = (204, 304)
# One for the whole process: what a read put there is hashed before another greenlet can run, and a
# buffer for each of thousands of idle connections would fill the memory.
_BUFFER: Final = bytearray(_CHUNK_BYTES)
_STALL_CHECK_S: Final = 1.0


class Sink:
    """Content that is hashed as it comes, over several answers if need be."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.content_bytes = 0

    def update(self, data: memoryview) -> None:
        self._hash.update(data)
        self.content_bytes += len(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


@dataclass(kw_only=True)
class Answer:
    """What came back; `ending` is decided when the body has been read."""

    status: int
    headers: Mapping[str, str]
    first_byte_s: float
    body: bytearray = field(default_factory=bytearray)
    body_bytes: int = 0
    ending: Ending = Ending.WHOLE
    detail: str = ""


class ConnectionDied(Exception):  # noqa: N818  a fact about the other side
    """The connection ended before an answer's head was there."""

    def __init__(self, failure: TransportFailure, *, answered: bool) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.answered = answered  # a part of the head had come


class _Head:
    """Gathers an answer's head from httptools' callbacks."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.complete = False
        self.message_complete = False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.complete = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.message_complete = True


class Connection:
    """A connection that is kept alive as long as its answers end whole."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.used = False
        self.reusable = True
        own, peer = sock.getsockname(), sock.getpeername()
        self._ends = f"{own[0]}:{own[1]}->{peer[0]}:{peer[1]}"

    def close(self) -> None:
        self.reusable = False
        self._socket.close()

    def exchange(
        self,
        request: bytes,
        *,
        head_only: bool,
        header_timeout_s: float,
        into: Callable[[Answer], Sink | None],
        skip_bytes: Callable[[Answer], int],
        alive: Callable[[bool], bool],
    ) -> Answer:
        """Send `request`, read the answer whole.

        `into` gives the sink for an answer (None: keep up to 4 MiB), `skip_bytes` how much of its
        body comes before what the sink wants. `alive(True)` is told of every byte that came,
        `alive(False)` asked after a second without one; False ends a stalled body. Raises
        ConnectionDied when no head came.
        """
        head = self._head(request, header_timeout_s)
        answer = Answer(
            status=head.parser.get_status_code(), headers=head.headers, first_byte_s=self._first_s
        )
        if head_only or answer.status in _NO_BODY or head.message_complete:
            if head.body:
                _Body(answer, into(answer), skip_bytes(answer)).take(memoryview(head.body))
        else:
            body = _Body(answer, into(answer), skip_bytes(answer))
            self._read_body(head, answer, body, alive)
        self.used = True
        if answer.ending is not Ending.WHOLE or not head.parser.should_keep_alive():
            self.close()
        return answer

    def _head(self, request: bytes, header_timeout_s: float) -> _Head:
        head, received = _Head(), 0
        try:
            with gevent.Timeout(header_timeout_s):
                self._socket.sendall(request)
                while not head.complete:
                    data = self._socket.recv(_HEAD_BYTES_MAX)
                    if not received:
                        self._first_s = time.monotonic()
                    received += len(data)
                    if not data or received > _HEAD_BYTES_MAX:
                        raise self._died(Failing.EOF, "EOF", received)
                    self._feed(head, data, received)
        except gevent.Timeout:
            text = "net/http: timeout awaiting response headers"
            raise self._died(Failing.HEADER_TIMEOUT, text, received) from None
        except OSError as error:
            failing, text = self._failed(error)
            raise self._died(failing, text, received) from None
        return head

    def _feed(self, head: _Head, data: bytes, received: int) -> None:
        try:
            head.parser.feed_data(data)
        except httptools.HttpParserError as error:
            # Go: net/http, "malformed HTTP response"; the rules know it as an ended connection
            text = f"malformed HTTP response: {type(error).__name__}"
            raise self._died(Failing.EOF, text, received) from None

    def _died(self, failing: Failing, detail: str, received: int) -> ConnectionDied:
        self.close()
        failure = TransportFailure(failing=failing, detail=detail)
        return ConnectionDied(failure, answered=received > 0)

    def _failed(self, error: OSError) -> tuple[Failing, str]:
        if error.errno in (errno.ECONNRESET, errno.EPIPE):
            return Failing.RESET, f"read tcp {self._ends}: read: connection reset by peer"
        return Failing.EOF, "EOF"

    def _read_body(
        self, head: _Head, answer: Answer, body: "_Body", alive: Callable[[bool], bool]
    ) -> None:
        body.take(memoryview(bytes(head.body)))
        length = answer.headers.get("content-length", "")
        if length.isdigit() and "transfer-encoding" not in answer.headers:
            self._read_counted(int(length) - len(head.body), answer, body, alive)
        else:
            self._read_parsed(head, answer, body, alive)

    def _read_counted(
        self, left: int, answer: Answer, body: "_Body", alive: Callable[[bool], bool]
    ) -> None:
        """A body of known length, straight from the socket."""
        view = memoryview(_BUFFER)
        while left > 0:
            count = self._receive(view[: min(left, _CHUNK_BYTES)], answer, alive)
            if count == 0:
                return
            left -= count
            body.take(view[:count])

    def _read_parsed(
        self, head: _Head, answer: Answer, body: "_Body", alive: Callable[[bool], bool]
    ) -> None:
        """A body in chunks, or one that ends with its connection."""
        view = memoryview(_BUFFER)
        chunked = "transfer-encoding" in answer.headers
        while not head.message_complete:
            head.body.clear()
            count = self._receive(view, answer, alive)
            if count == 0:
                if not chunked and answer.ending is Ending.CUT:
                    answer.ending, answer.detail = Ending.WHOLE, ""
                return
            try:
                head.parser.feed_data(bytes(view[:count]))
            except httptools.HttpParserError:
                answer.ending, answer.detail = Ending.CUT, "malformed chunked encoding"
                return
            body.take(memoryview(bytes(head.body)))

    def _receive(self, view: memoryview, answer: Answer, alive: Callable[[bool], bool]) -> int:
        """Bytes read into `view`; 0 when the body is over, with the ending noted."""
        while True:
            try:
                self._socket.settimeout(_STALL_CHECK_S)
                count = self._socket.recv_into(view)
            except TimeoutError:
                if alive(False):
                    continue
                answer.ending, answer.detail = Ending.STALLED, "context canceled"
                return 0
            except OSError as error:
                _, answer.detail = self._failed(error)
                answer.ending = Ending.RESET
                return 0
            if count == 0:
                answer.ending, answer.detail = Ending.CUT, "unexpected EOF"
            else:
                alive(True)
            return int(count)


class _Body:
    """Puts the bytes of one answer where they belong."""

    def __init__(self, answer: Answer, sink: Sink | None, skip_bytes: int) -> None:
        self._answer = answer
        self._sink = sink
        self._skip_bytes = skip_bytes

    def take(self, data: memoryview) -> None:
        self._answer.body_bytes += len(data)
        if self._sink is None:
            room = BODY_BYTES_KEPT - len(self._answer.body)
            self._answer.body += data[:room]
            return
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(data))
            self._skip_bytes -= skipped
            data = data[skipped:]
        if data:
            self._sink.update(data)
