"""The reverse proxy as an ASGI application: it takes the place of the embedded registry.

Each request is asked once, where the client asked it; redirects are the client's to follow. A
body passes in both directions as fast as the slower side takes it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast

from starlette.types import Receive, Scope, Send

from harness.gateway.client_connection import EXTENSION, Connection
from harness.gateway.exchange import BrokenOffError
from harness.gateway.upstream.addresses import AddressError, Addresses, Target
from harness.gateway.upstream.http_client import HeaderList, Pool, UpstreamConnection, UpstreamError
from harness.oci.challenge import realm_of
from harness.oci.errors import ErrorCode, error_body
from harness.oci.paths import TOKEN_PATH

# RFC 9110, 7.6.1, and what its predecessors named.
_HOP_BY_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"}
    | {b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_NOT_SENT_ON: Final = _HOP_BY_HOP | {b"host", b"expect", b"content-length"}
_BAD_GATEWAY: Final = 502
_REPEATABLE: Final = ("GET", "HEAD")


class Upstream:
    """The registry behind `addresses`."""

    def __init__(self, addresses: Addresses, pool: Pool) -> None:
        self._addresses = addresses
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises BrokenOffError."""
        if scope["type"] != "http":
            return
        relay = _Relay(self._addresses, self._pool, scope, send)
        carrying = asyncio.ensure_future(relay.carry())
        feeding = asyncio.ensure_future(relay.feed(receive))  # ends when the client is gone
        try:
            await asyncio.wait({carrying, feeding}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            feeding.cancel()
            if not carrying.done():
                carrying.cancel()
            await asyncio.wait({carrying, feeding})
        if not carrying.cancelled():
            carrying.result()


class _Relay:
    """One request and its answer."""

    def __init__(self, addresses: Addresses, pool: Pool, scope: Scope, send: Send) -> None:
        self._addresses = addresses
        self._pool = pool
        self._scope = scope
        self._send = send
        self._headers: HeaderList = list(scope["headers"])
        named = dict(self._headers)
        self._length = named.get(b"content-length")
        self._chunked = self._length is None and b"transfer-encoding" in named
        self._open: asyncio.Future[UpstreamConnection] = asyncio.Future()

    async def carry(self) -> None:
        """Ask, and hand the answer on."""
        connection: UpstreamConnection | None = None
        try:
            target = self._addresses.target(self._scope["raw_path"], self._scope["query_string"])
            connection = await self._ask(target)
            start = self._start(connection)
        except (AddressError, UpstreamError) as error:
            if connection is not None:
                connection.close()
            await self._refuse(str(error))
            return
        try:
            await self._send(start)
            await self._hand_on(connection)
        finally:
            self._pool.give_back(connection)

    async def feed(self, receive: Receive) -> None:
        """Hand the request's body on, then wait until the client is gone."""
        while (message := await receive())["type"] == "http.request":
            body, more = message.get("body", b""), message.get("more_body", False)
            if self._length is None and not self._chunked:
                continue
            connection = await asyncio.shield(self._open)
            if body:
                await connection.write(
                    b"%x\r\n%s\r\n" % (len(body), body) if self._chunked else body
                )
            if self._chunked and not more:
                await connection.write(b"0\r\n\r\n")
                self._chunked, self._length = False, None

    async def _ask(self, target: Target) -> UpstreamConnection:
        """A connection whose answer has begun. Raises UpstreamError."""
        method = self._scope["method"]
        repeatable = method in _REPEATABLE and self._length is None and not self._chunked
        connection = await self._pool.take(target.origin)
        while True:
            connection.begin(method.encode(), target.path, self._sent(target))
            if not self._open.done():
                self._open.set_result(connection)
            try:
                await connection.head()
            except UpstreamError:
                stale = connection.used and repeatable and not connection.answered
                connection.close()
                if not stale:
                    raise
                connection = await self._pool.take(target.origin, fresh=True)
            except asyncio.CancelledError:
                connection.close()
                raise
            else:
                return connection

    def _sent(self, target: Target) -> HeaderList:
        """The client's headers, as they go on."""
        dropped = _NOT_SENT_ON | _named_in(self._headers)
        if not target.trusted:
            dropped |= {b"authorization", b"cookie"}
        kept = [(name, value) for name, value in self._headers if name not in dropped]
        if self._length is not None:
            kept.append((b"content-length", self._length))
        elif self._chunked:
            kept.append((b"transfer-encoding", b"chunked"))
        return [(b"host", target.origin.netloc.encode()), *kept]

    def _start(self, connection: UpstreamConnection) -> dict[str, Any]:
        """Raises AddressError."""
        dropped = _HOP_BY_HOP | _named_in(connection.headers)
        own = realm_of(self._scope).removesuffix(TOKEN_PATH)
        headers: HeaderList = [
            (name, self._rewritten(name, value, own))
            for name, value in connection.headers
            if name not in dropped
        ]
        return {"type": "http.response.start", "status": connection.status, "headers": headers}

    def _rewritten(self, name: bytes, value: bytes, own: str) -> bytes:
        text = value.decode("latin-1")
        match name:
            case b"location":
                path = str(self._scope["raw_path"], "latin-1")
                text = self._addresses.location(text, own, path)
            case b"www-authenticate":
                text = self._addresses.challenge(text, own)
            case b"link":
                text = self._addresses.link(text, own)
            case _:
                return value
        return text.encode("latin-1")

    async def _hand_on(self, connection: UpstreamConnection) -> None:
        try:
            while part := await connection.part():
                await self._send({"type": "http.response.body", "body": part, "more_body": True})
        except UpstreamError as error:
            extensions = cast("Mapping[str, Any]", self._scope["extensions"])
            ours: Connection = extensions[EXTENSION]
            await ours.end("fin")
            raise BrokenOffError(str(error)) from None
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(self, reason: str) -> None:
        body = error_body(ErrorCode.UNAVAILABLE, f"the registry behind the gateway: {reason}")
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await self._send(
            {"type": "http.response.start", "status": _BAD_GATEWAY, "headers": headers}
        )
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _named_in(headers: HeaderList) -> frozenset[bytes]:
    """The headers that Connection names as this hop's own."""
    return frozenset(
        word.strip().lower()
        for name, value in headers
        if name == b"connection"
        for word in value.split(b",")
    )
