"""One request as endpoints read it."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from harness.registry.refusal import RefusalError
from harness.registry.request import Call, ClientGoneError


class Wire:
    """Hands out what a client sent and keeps what it got."""

    def __init__(self, *parts: bytes, gone: bool = False) -> None:
        self.parts = list(parts)
        self.gone = gone
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if not self.parts and self.gone:
            return {"type": "http.disconnect"}
        body = self.parts.pop(0) if self.parts else b""
        return {"type": "http.request", "body": body, "more_body": bool(self.parts) or self.gone}

    async def send(self, message: Message) -> None:
        self.sent.append(message)


def call(wire: Wire, *headers: tuple[bytes, bytes]) -> Call:
    scope: dict[str, Any] = {
        "method": "PUT",
        "path": "/v2/app/manifests/v1",
        "query_string": b"tag=a&tag=b",
        "headers": list(headers),
    }
    return Call(scope, wire.receive, wire.send)


def test_headers_and_query() -> None:
    """The first of a name, all of a name as one list, and parameters that repeat."""
    asked = call(Wire(), (b"accept", b"a"), (b"accept", b"b, c"), (b"content-length", b"12"))
    assert asked.header(b"accept") == "a"
    assert asked.headers(b"accept") == "a,b, c"
    assert asked.header(b"range") == ""
    assert asked.length_bytes() == 12
    assert call(Wire(), (b"content-length", "²".encode("latin-1"))).length_bytes() is None
    assert asked.query.getlist("tag") == ["a", "b"]


def test_body_has_a_limit() -> None:
    """A body is read whole up to its limit; more is refused, announced or not."""

    async def main() -> None:
        assert await call(Wire(b"abc", b"def")).body(6) == b"abcdef"
        for asked in (call(Wire(b"abc", b"def")), call(Wire(), (b"content-length", b"6"))):
            with pytest.raises(RefusalError) as refused:
                await asked.body(5)
            assert refused.value.status == 413

    asyncio.run(main())


def test_client_that_goes_away_ends_the_reading() -> None:
    """Half a body is no body."""

    async def main() -> None:
        with pytest.raises(ClientGoneError):
            await call(Wire(b"abc", gone=True)).body(100)

    asyncio.run(main())


def test_answer_has_its_length() -> None:
    """Every answer but 204 says how long it is, an error is JSON."""

    async def main() -> None:
        wire = Wire()
        await call(wire).answer(201, b"abc", [("Location", "/x")])
        assert wire.sent[0]["headers"] == [(b"location", b"/x"), (b"content-length", b"3")]
        assert wire.sent[1]["body"] == b"abc"
        wire = Wire()
        await call(wire).answer(204)
        assert wire.sent[0]["headers"] == []

    asyncio.run(main())
