"""One request and its answer, as the registry's endpoints see them."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.datastructures import QueryParams
from starlette.types import Message, Receive, Scope, Send

from harness.oci.errors import ErrorCode
from harness.oci.paths import Route, route
from harness.registry.refusal import RefusalError

HeaderList = list[tuple[bytes, bytes]]


class ClientGoneError(Exception):
    """The client closed the connection before its request or the answer was whole."""


class Call:
    """Reads the request and writes the answer; each is done once."""

    __slots__ = ("_receive", "_send", "extra", "method", "route", "scope", "started")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.route: Route = route(scope["path"])
        self.started = False
        self.extra: HeaderList = []  # headers of whatever the answer will be
        self._receive = receive
        self._send = send

    def header(self, name: bytes) -> str:
        """The first header of this lower-case `name`; "" when there is none."""
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value, "latin-1")
        return ""

    def headers(self, name: bytes) -> str:
        """All headers of this name, joined as one list."""
        found = [value for key, value in self.scope["headers"] if key == name]
        return str(found[0] if len(found) == 1 else b",".join(found), "latin-1")

    @property
    def query(self) -> QueryParams:
        return QueryParams(self.scope["query_string"])

    def length_bytes(self) -> int | None:
        """The body's announced length; None when it comes in chunks of unknown number."""
        value = self.header(b"content-length")
        return int(value) if value.isascii() and value.isdigit() else None

    async def body_parts(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises ClientGoneError."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body", False):
                return

    async def body(self, limit_bytes: int) -> bytes:
        """A small body whole. Raises RefusalError (413) when it is longer than the limit."""
        too_large = RefusalError(
            ErrorCode.SIZE_INVALID, f"body is larger than {limit_bytes} bytes", status=413
        )
        if (self.length_bytes() or 0) > limit_bytes:
            raise too_large
        body = bytearray()
        async for part in self.body_parts():
            body += part
            if len(body) > limit_bytes:
                raise too_large
        return bytes(body)

    async def start(self, status: int, headers: HeaderList) -> None:
        self.started = True
        headers = [*headers, *self.extra] if self.extra else headers
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send_body(self, body: bytes, *, more: bool = False) -> None:
        message: Message = {"type": "http.response.body", "body": body, "more_body": more}
        await self._send(message)

    async def answer(
        self, status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """A whole answer; Content-Length is added where the status may have one."""
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        if status != 204:  # noqa: PLR2004  RFC 9110, 8.6: none with No Content
            lines.append((b"content-length", b"%d" % len(body)))
        await self.start(status, lines)
        await self.send_body(body)

    async def answer_json(
        self, data: Any, headers: Iterable[tuple[str, str]] = (), *, status: int = 200
    ) -> None:
        kind = () if any(name == "Content-Type" for name, _ in headers) else _JSON
        await self.answer(status, json.dumps(data).encode(), (*kind, *headers))

    async def refuse(self, error: RefusalError) -> None:
        await self.answer(error.status, error.body, error.all_headers)


_JSON = (("Content-Type", "application/json"),)
