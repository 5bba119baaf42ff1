"""An HTTP server that does exactly as it is told, on real sockets in threads of its own."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

FIN: Final = "fin"
RST: Final = "rst"
HANG: Final = "hang"  # says nothing more until the client or the test goes

Step = bytes | str
Steps = Sequence[Step]


@dataclass(frozen=True)
class Ask:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def ok(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def promised(length: int, body: bytes) -> bytes:
    """An answer that promises more than comes."""
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + body


@dataclass
class ScriptedServer:
    """`answer(ask, n)` gives the steps that answer request n (from 0)."""

    answer: Callable[[Ask, int], Steps]
    asks: list[Ask] = field(default_factory=list)
    accepted: int = 0
    open: int = 0
    port: int = 0
    _going: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def all_closed(self, *, within_s: float = 5) -> bool:
        """Whether every client has closed its connections."""
        until_s = time.monotonic() + within_s
        while self.open and time.monotonic() < until_s:
            time.sleep(0.01)
        return not self.open

    def accept(self, listener: socket.socket) -> None:
        while not self._going.is_set():
            try:
                link, _ = listener.accept()
            except OSError:  # shut down
                return
            with self._lock:
                self.accepted += 1
                self.open += 1
            thread = threading.Thread(target=self._serve, args=(link,))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._going.set()
        for thread in self._threads:
            thread.join(10)

    def _serve(self, link: socket.socket) -> None:
        try:
            with link, contextlib.suppress(OSError):
                link.settimeout(10)
                stream = link.makefile("rb")
                with stream:
                    while (ask := self._read(stream)) is not None:
                        if not self._play(link, ask):
                            return
        finally:
            with self._lock:
                self.open -= 1

    def _read(self, stream: BinaryIO) -> Ask | None:
        line = stream.read(1)
        if not line.isalpha():  # the end, or a client that wants TLS
            return None
        line += stream.readline()
        method, path, _ = line.decode().split(" ")
        headers = {}
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        return Ask(method, path, headers, body or b"")

    def _play(self, link: socket.socket, ask: Ask) -> bool:
        with self._lock:
            number = len(self.asks)
            self.asks.append(ask)
        for step in self.answer(ask, number):
            if isinstance(step, bytes):
                link.sendall(step)
            elif step == RST:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif step == HANG:
                link.settimeout(0.02)
                while not self._going.is_set():
                    with contextlib.suppress(TimeoutError):
                        if not link.recv(1):
                            return False
                return False
            else:
                return False
        return True


@contextlib.contextmanager
def scripted(answer: Callable[[Ask, int], Steps] | Sequence[Steps]) -> Iterator[ScriptedServer]:
    """A server on a free port. A list of answers is given in turn, the last one for ever."""
    if not callable(answer):
        script = list(answer)
        server = ScriptedServer(lambda _, number: script[min(number, len(script) - 1)])
    else:
        server = ScriptedServer(answer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.accept, args=(listener,))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.stop()
            thread.join(10)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
