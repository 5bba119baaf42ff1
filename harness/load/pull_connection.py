"""One HTTP/1.1 connection on a gevent socket: a request out, an answer in, its exact ending.

geventhttpclient and urllib3 hide what the node rules ask for: whether a body was cut, reset or
stalled, and after how many bytes. benchmarks/load.py holds what this costs against Locust's client.
"""

import time
from collections.abc import Callable
from typing import Final

from gevent import socket

from harness.load.body_sinks import Body, Progress
from harness.load.lookup import joined, reason
from harness.load.response_reader import ClientResponse, Parsing, Reading
from harness.load.tls import HandshakeFailedError, TlsSocket, Trust
from harness.node.commands import Ending, Failing, Request, TransportFailure

HEAD_BYTES_MAX: Final = 64 << 10  # Go allows 10 MiB; no registry needs more than this
_HEAD_READ_BYTES: Final = 64 << 10
_NO_BODY: Final = (204, 304)
_SHOWN_CHARACTERS: Final = 60


class ConnectionDied(Exception):  # noqa: N818  a fact about the other side
    """No answer's head came. `answered`: a part of one had."""

    def __init__(self, failing: Failing, detail: str, *, answered: bool) -> None:
        super().__init__(detail)
        self.failure = TransportFailure(failing=failing, detail=detail)
        self.answered = answered


class PullConnection:
    """Kept alive as long as its answers end whole."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.used_s = 0.0  # when its last answer ended; 0: not used yet
        self.reusable = True
        own, peer = sock.getsockname()[:2], sock.getpeername()[:2]
        self._ends = f"{joined(*own)}->{joined(*peer)}"

    def secure(self, trust: Trust, host: str) -> TransportFailure | None:
        """Speak TLS from here on, to a server that must prove to be `host`; or why it cannot."""
        tls = TlsSocket(self._socket, trust, host)
        try:
            tls.handshake(self._ends)
        except HandshakeFailedError as error:
            self.close()
            return error.failure
        except BaseException:  # the pull was ended where it stood
            self.close()
            raise
        self._socket = tls
        return None

    def close(self) -> None:
        self.reusable = False
        self._socket.close()

    def is_dead(self) -> bool:
        """Whether the other side has closed it or spoken out of turn while it was idle."""
        self._socket.settimeout(0.0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def exchange(
        self,
        sent: bytes,
        request: Request,
        progress: Progress,
        body: Callable[[ClientResponse], Body],
    ) -> ClientResponse:
        """Send the bytes `sent` and read the answer to `request` to its end.

        `body` gives the place for an answer's bytes. Raises ConnectionDied when no head came.
        """
        try:
            parsing, first_s = self._ask(sent, request, progress)
            answer = ClientResponse(
                status=parsing.status, headers=parsing.headers, first_byte_s=first_s
            )
            if request.method == "HEAD" or answer.status in _NO_BODY:
                parsing.keep_alive &= not any(parsing.body)
            else:
                reading = Reading(self._socket, self._ends, answer, progress, request)
                if not reading.read(parsing, body(answer)):
                    parsing.keep_alive = False
        except BaseException:
            self.close()
            raise
        self.used_s = time.monotonic()
        if answer.ending is not Ending.WHOLE or not parsing.keep_alive:
            self.close()
        return answer

    def _ask(self, sent: bytes, request: Request, progress: Progress) -> tuple[Parsing, float]:
        parsing, received, first_s, died = Parsing(), 0, 0.0, None
        try:
            self._socket.settimeout(request.progress_timeout_s or None)
            self._socket.sendall(sent)
        except TimeoutError:
            raise _died(Failing.NO_PROGRESS, "context canceled") from None
        except OSError as error:  # the answer may be there all the same
            died = _died(Failing.RESET, f"write tcp {self._ends}: write: {reason(error)}")
        header_until_s = time.monotonic() + (request.header_timeout_s or float("inf"))
        while not parsing.status:
            try:
                data = self._receive(header_until_s, request, progress)
            except OSError as error:
                text = f"read tcp {self._ends}: read: {reason(error)}"
                raise died or _died(Failing.RESET, text, received) from None
            first_s = first_s or time.monotonic()
            if not data:
                raise died or _died(Failing.EOF, "unexpected EOF" if received else "EOF", received)
            received += len(data)
            if not parsing.feed(data):
                raise _died(Failing.MALFORMED, f"malformed HTTP response {_shown(data)}", received)
            if received > HEAD_BYTES_MAX and not parsing.status:
                text = f"malformed HTTP response: headers exceed {HEAD_BYTES_MAX} bytes"
                raise _died(Failing.MALFORMED, text, received)
        return parsing, first_s

    def _receive(self, until_s: float, request: Request, progress: Progress) -> bytes:
        while True:
            now_s = time.monotonic()
            left_s = progress.left_s(request.progress_timeout_s)
            wait_s = until_s - now_s if left_s is None else min(left_s, until_s - now_s)
            self._socket.settimeout(max(0.001, wait_s) if wait_s < float("inf") else None)
            try:
                return bytes(self._socket.recv(_HEAD_READ_BYTES))
            except TimeoutError:
                if time.monotonic() >= until_s:
                    text = "net/http: timeout awaiting response headers"
                    raise _died(Failing.HEADER_TIMEOUT, text) from None
                left_s = progress.left_s(request.progress_timeout_s)
                if left_s is not None and left_s <= 0:
                    raise _died(Failing.NO_PROGRESS, "context canceled") from None


def _died(failing: Failing, detail: str, received: int = 0) -> ConnectionDied:
    if failing is Failing.MALFORMED:
        detail = f"net/http: HTTP/1.x transport connection broken: {detail}"
    return ConnectionDied(failing, detail, answered=received > 0)


def _shown(data: bytes) -> str:
    line = data.partition(b"\n")[0].rstrip(b"\r")[:_SHOWN_CHARACTERS]
    return '"' + line.decode("ascii", "backslashreplace").replace('"', '\\"') + '"'
