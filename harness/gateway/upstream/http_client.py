"""HTTP/1.1 to a registry that is not ours: kept connections, bounded memory, nothing followed.

An answer's head and whatever is no body are bounded; a body is handed on as it comes and stops
being read while nobody takes it.
"""

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Final, cast

import httptools

from harness.gateway.upstream.addresses import Origin

HeaderList = list[tuple[bytes, bytes]]

_HEAD_BYTES: Final = 64 << 10  # Go's clients take 1 MiB, nginx 8 KiB; no registry sends 64 KiB
_WAITING_BYTES: Final = 512 << 10  # of a body, not taken yet
_WRITE_BUFFER_BYTES: Final = 256 << 10
_CONNECT_S: Final = 10.0
_IDLE_PER_ORIGIN: Final = 64
_FIRST_FINAL_STATUS: Final = 200
_SWITCHING: Final = 101
_BODILESS: Final = (204, 304)  # RFC 9110, 6.4.1


class UpstreamError(Exception):
    """The registry cannot be reached or does not speak HTTP. One sentence for the client."""


class UpstreamConnection(asyncio.Protocol):
    """One connection, for one answer at a time."""

    # Of the answer under way; `begin` sets them anew.
    status: int
    headers: HeaderList
    _method: bytes
    _parser: httptools.HttpResponseParser
    _parts: deque[bytes]
    _waiting_bytes: int
    _paused: bool
    _unproductive_bytes: int  # received since the last byte of a body
    _passing: bool  # a body of known length, past the parser
    _left: int
    _until_close: bool
    _whole: bool
    _broken: str
    _reusable: bool
    _wake: asyncio.Event

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.used = False  # by an answer before this one: the server may have closed it meanwhile
        self._transport: asyncio.Transport | None = None
        self._lost: str | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._begin(method=b"GET")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = f"the connection was lost: {exc}" if exc else "the connection was closed"
        self._writable.set()
        if self._until_close and not exc:
            self._whole = True
        self._wake.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if self._whole or self._broken:  # more than was requested
            self._reusable = False
            self.close()
        elif self._passing:
            self._pass_on(data)
        else:
            self._parse(data)
        self._wake.set()

    def _pass_on(self, data: bytes) -> None:
        """A body of known length needs no parser."""
        if len(data) > self._left:
            data = data[: self._left]
            self._reusable = False
        self._left -= len(data)
        self._whole = not self._left
        self._queue(data)

    def _parse(self, data: bytes) -> None:
        self._unproductive_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._whole:
                self._break(f"its answer is no HTTP: {str(error)[:100]}")
        if self._unproductive_bytes > _HEAD_BYTES and not self._whole:
            self._break(f"its head is longer than {_HEAD_BYTES >> 10} KiB")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == _SWITCHING:
            self._break("it switches protocols, which nobody asked for")
        if status < _FIRST_FINAL_STATUS:
            self.headers.clear()
            return
        if self.status:
            return
        self.status = status
        self._unproductive_bytes = 0
        self._reusable = self._parser.should_keep_alive()
        named = dict(self.headers)
        length = named.get(b"content-length", b"")
        if self._method == b"HEAD" or status in _BODILESS or length == b"0":
            self._whole = True
        elif length.isdigit():
            self._left, self._passing = int(length), True
        else:
            self._until_close = b"transfer-encoding" not in named
            self._reusable = self._reusable and not self._until_close

    def on_body(self, body: bytes) -> None:
        self._unproductive_bytes = 0
        if self._passing:
            self._pass_on(body)
        elif not self._whole:
            self._queue(body)

    def on_message_complete(self) -> None:
        if self.status and not self._passing:
            self._whole = True

    def _queue(self, body: bytes) -> None:
        self._parts.append(body)
        self._waiting_bytes += len(body)
        if self._waiting_bytes >= _WAITING_BYTES and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()

    def _break(self, reason: str) -> None:
        self._broken = self._broken or reason
        self.close()

    def _begin(self, *, method: bytes) -> None:
        self._method = method
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers = []
        self._parts = deque()
        self._waiting_bytes = 0
        self._paused = False
        self._unproductive_bytes = 0
        self._passing = False
        self._until_close = False
        self._left = 0
        self._whole = False
        self._broken = ""
        self._reusable = False
        self._wake = asyncio.Event()

    @property
    def reusable(self) -> bool:
        """Whether another request may follow: the answer is whole, and neither side closes."""
        return self._whole and self._reusable and not self.closed and not self._parts

    @property
    def closed(self) -> bool:
        return self._transport is None or self._lost is not None or self._transport.is_closing()

    @property
    def answered(self) -> bool:
        """Whether anything of an answer has come."""
        return bool(self.status or self._unproductive_bytes or self._broken)

    def begin(self, method: bytes, path: bytes, headers: HeaderList) -> None:
        """Send a request's head."""
        self._begin(method=method)
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self._write(b"%s %s HTTP/1.1\r\n%s\r\n" % (method, path, lines))

    async def write(self, data: bytes) -> None:
        """Send more, when the server takes it; nothing to a connection that is lost."""
        await self._writable.wait()
        self._write(data)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self.closed:
            self._transport.write(data)

    async def head(self) -> None:
        """Wait for `status` and `headers`. Raises UpstreamError."""
        while not self.status:
            await self._more()

    async def part(self) -> bytes:
        """The next part of the body; empty at its end. Raises UpstreamError."""
        while not self._parts:
            if self._whole:
                return b""
            await self._more()
        part = self._parts.popleft()
        self._waiting_bytes -= len(part)
        if self._paused and self._waiting_bytes < _WAITING_BYTES and self._transport:
            self._paused = False
            if not self.closed:
                self._transport.resume_reading()
        return part

    async def _more(self) -> None:
        if self._broken:
            raise UpstreamError(self._broken)
        if self._lost is not None:
            short = f", {self._left} bytes short" if self._passing else ""
            raise UpstreamError(f"{self._lost} before its answer was whole{short}")
        self._wake.clear()
        await self._wake.wait()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Pool:
    """Connections that are kept, by server."""

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self._trust = trust
        self._idle: Mapping[Origin, list[UpstreamConnection]] = defaultdict(list)

    async def take(self, origin: Origin, *, fresh: bool = False) -> UpstreamConnection:
        """An idle connection, the latest used first, or a new one. Raises UpstreamError."""
        idle = self._idle[origin]
        while idle and not fresh:
            connection = idle.pop()
            if not connection.closed:
                return connection
        return await self._connect(origin)

    def give_back(self, connection: UpstreamConnection) -> None:
        idle = self._idle[connection.origin]
        if connection.reusable and len(idle) < _IDLE_PER_ORIGIN:
            connection.used = True
            idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    async def _connect(self, origin: Origin) -> UpstreamConnection:
        secure = self._secured() if origin.scheme == "https" else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_S):
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(origin), origin.host, origin.port, ssl=secure
                )
        except TimeoutError:
            raise UpstreamError(f"no connection within {_CONNECT_S:g} s") from None
        except (OSError, ValueError) as error:  # also ssl.SSLError; ValueError: no such host name
            raise UpstreamError(f"no connection: {error}") from None
        return connection

    def _secured(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust
