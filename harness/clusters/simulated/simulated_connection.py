"""One simulated connection: a request up, an answer down, through the link's toxics."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from harness.clusters.simulated.virtual_flow import VirtualFlow
from harness.link.stage import End, Item

_HELLO_BYTES: Final = 517  # a ClientHello, padded as Go's
_SHOWN_BYTES: Final = 2000  # a server's certificate and what comes with it
_HEAD: Final = memoryview(bytes(64 << 10))


@dataclass(kw_only=True)
class ServerAnswer:
    """What the server has sent so far of one answer. `intact`: its content is what is stored."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    head_bytes: int = 0
    body: bytearray = field(default_factory=bytearray)
    body_bytes: int = 0
    intact: bool = True
    is_whole: bool = False

    @property
    def expected_bytes(self) -> float:
        """How long the body will be; infinite when that is unknown."""
        length = self.headers.get("content-length", "")
        if length.isdigit():
            return int(length)
        return self.body_bytes if self.is_whole else math.inf


class SimulatedConnection:
    """Both ends of it. For the gateway it is what `client_connection.Connection` is.

    The client reads `received` bytes of the answer, and `ended` once there will be no more.
    """

    closing = False  # nothing more can be sent
    full = False
    is_known = False  # whether a request has come on it
    has_hung_up = False  # the client has
    _is_over = False

    def __init__(self, *, number: int, node: str, ends: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.number = number
        self.node = node
        self.ends = ends
        self.certificate: str | None = None  # what the server has shown
        self.answer = ServerAnswer()
        self.received = 0
        self.ended: End | None = None
        self.used_s = -math.inf
        self.request: Any = None  # the ASGI scope of the request under way
        self.body = b""
        self.method = ""
        self.flows = {
            "upstream": VirtualFlow(self.loop, self._at_server),
            "downstream": VirtualFlow(self.loop, self._at_client),
        }
        self.on_close: Callable[[SimulatedConnection], None] = lambda _: None
        self.older_connections: Callable[[SimulatedConnection, str], int] = lambda *_: 0
        self._arrived: Callable[[], None] | None = None
        self._coming_bytes = 0
        self._news: asyncio.Future[None] | None = None

    # what the client does

    def ask(self, request_bytes: int, arrived: Callable[[], None]) -> None:
        """Send a request; `arrived` is called when the server has all of it."""
        self.answer, self.received = ServerAnswer(), 0
        self._arrived, self._coming_bytes = arrived, request_bytes
        self.send_up(request_bytes)

    def send_up(self, count: int) -> None:
        while count > 0 and not self.closing:
            part = min(count, len(_HEAD))
            count -= part
            self.flows["upstream"].send(_HEAD[:part])

    def greet(self, arrived: Callable[[], None]) -> None:
        """Begin a handshake."""
        self.ask(_HELLO_BYTES, arrived)

    async def news(self, timeout_s: float) -> None:
        """Wait until something arrives, or the time is up."""
        future: asyncio.Future[None] = self.loop.create_future()
        self._news = future
        timer = None
        if timeout_s < math.inf:
            timer = self.loop.call_later(max(0.0, timeout_s), _settle, future)
        try:
            await future
        finally:
            self._news = None
            if timer is not None:
                timer.cancel()

    def hang_up(self) -> None:
        """Close the client's side, which the server answers by closing its own."""
        if not self.has_hung_up:
            self.has_hung_up = True
            self.flows["upstream"].send(End.FIN)

    @property
    def is_plain(self) -> bool:
        """Whether no toxic is on it, either way."""
        return self.flows["upstream"].is_plain and self.flows["downstream"].is_plain

    @property
    def is_usable(self) -> bool:
        """Whether a client may send another request."""
        return self.ended is None and not self.has_hung_up

    # what the server does

    def show(self, certificate: str) -> None:
        """Answer a client's hello."""
        self.certificate = certificate
        self.answer.head_bytes = _SHOWN_BYTES
        self.flows["downstream"].send(_HEAD[:_SHOWN_BYTES])

    def older(self, per: Literal["node", "all"]) -> int:
        """See `client_connection.Connection.older`."""
        return self.older_connections(self, per)

    async def drained(self) -> None:
        """Nothing waits to be sent."""

    async def end(self, ending: Literal["fin", "rst"]) -> None:
        """Close after all that was sent."""
        self.answer.is_whole = True
        self.flows["downstream"].send(End.FIN if ending == "fin" else End.RESET)

    def send_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        answer = self.answer
        answer.status = status
        for name, value in headers:
            key, text = str(name, "latin-1").lower(), str(value, "latin-1")
            known = answer.headers.get(key)
            answer.headers[key] = text if known is None else f"{known}, {text}"
        answer.head_bytes = 17 + sum(len(name) + len(value) + 4 for name, value in headers)
        self.flows["downstream"].send(_HEAD[: answer.head_bytes])

    def send_body(self, content: memoryview) -> None:
        self.answer.body_bytes += len(content)
        self.flows["downstream"].send(content)

    def woken(self) -> None:
        """Something changed that the client should look at."""
        if self._news is not None:
            _settle(self._news)

    def close(self, *, reset: bool = False) -> None:
        """End both sides: in good order, or by a reset."""
        if self._is_over:
            return
        self._is_over = self.closing = True
        self.ended = self.ended or (End.RESET if reset else End.CLOSE)
        for flow in self.flows.values():
            flow.stop()
        self.on_close(self)
        self.woken()

    def _at_server(self, item: Item) -> None:
        if item is End.FIN:
            self.closing = True
            self.flows["downstream"].send(End.FIN)
            return
        if isinstance(item, End):
            self.close(reset=item is End.RESET)
            return
        self._coming_bytes -= len(item)
        if self._coming_bytes <= 0 and self._arrived is not None:
            arrived, self._arrived = self._arrived, None
            arrived()

    def _at_client(self, item: Item) -> None:
        if isinstance(item, End):
            self.close(reset=item is End.RESET)
            return
        self.received += len(item)
        self.woken()


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
