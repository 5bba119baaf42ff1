"""One request on a simulated connection, and its answer up to its exact ending."""

import asyncio
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlencode

from harness.clusters.simulated.simulated_connection import SimulatedConnection
from harness.clusters.simulated.simulated_network import (
    REGISTRY_PORT,
    ROUND_TRIP_S,
    SERVICE_S,
    SimulatedNetwork,
)
from harness.link.stage import End
from harness.load.body_sinks import KEPT_BYTES_MAX, Progress
from harness.load.request_target import Place, written
from harness.node.commands import Ending, Failing, Reply, Request, TransportFailure
from harness.oci.digest import digest_of

_NO_BODY: Final = (204, 304)
_OK, _PARTIAL = 200, 206


class ConnectionLostError(Exception):
    """No answer's head came. `answered`: a part of one had."""

    def __init__(self, failing: Failing, detail: str, *, answered: bool = False) -> None:
        super().__init__(detail)
        self.failure = TransportFailure(failing=failing, detail=detail)
        self.answered = answered


@dataclass(kw_only=True)
class SinkContent:
    """Content under way, over all its answers."""

    content_bytes: int = 0
    intact: bool = True


@dataclass(kw_only=True)
class SimulatedExchange:
    """`contents`: what is under way, by digest; `progress` is the pull's."""

    connection: SimulatedConnection
    network: SimulatedNetwork
    request: Request
    place: Place
    progress: Progress
    contents: dict[str, SinkContent]
    first_byte_s: float = math.nan

    async def reply(self) -> Reply:
        """The answer, as it is known from before or as the gateway gives it.

        Raises ConnectionLostError.
        """
        connection, request, network = self.connection, self.request, self.network
        if self.place.port == REGISTRY_PORT and network.known.of(request, connection) is not None:
            await asyncio.sleep(ROUND_TRIP_S + SERVICE_S)
            answer = network.known.of(request, connection)  # much can happen meanwhile
            if answer is not None and connection.is_usable:
                self.first_byte_s = connection.used_s = network.now_s()
                return self._received(answer)
        reply = await self._asked()
        whole = reply.ending is Ending.WHOLE and connection.is_usable
        if whole and self.place.port == REGISTRY_PORT:
            network.known.learn(request, connection, reply)
        return reply

    def _received(self, answer: Reply) -> Reply:
        """An answer that is known: what its content is belongs to the pull."""
        content = self._content_of(answer.status)
        if content is None:
            return answer
        content.content_bytes += answer.body_bytes
        digest = _digest(self.request.sink, intact=content.intact)
        return replace(answer, content_bytes=content.content_bytes, content_digest=digest)

    async def _asked(self) -> Reply:
        connection, request, network = self.connection, self.request, self.network
        place = self.place
        sent_bytes = len(written(request, place))
        connection.method = request.method
        connection.body, headers = _body_and_headers(request, place)
        path, _, query = place.target.partition("?")
        connection.request = network.scope(
            connection,
            place.port,
            method=request.method,
            path=unquote(path),
            raw_path=path.encode(),
            query_string=query.encode(),
            headers=headers,
        )
        connection.ask(sent_bytes, lambda: network.serve(connection))
        await self._await_head()
        answer = connection.answer
        has_body = request.method != "HEAD" and answer.status not in _NO_BODY
        content = self._content_of(answer.status) if has_body else None
        before = content.content_bytes if content is not None else 0
        ending, detail, body_bytes = Ending.WHOLE, "", 0
        if has_body:
            ending, detail, body_bytes = await self._await_body()
        if content is not None:
            skipped = request.range_from if answer.status == _OK else 0
            content.content_bytes = before + max(0, body_bytes - skipped)
            content.intact &= answer.intact
            if request.room_bytes is not None and content.content_bytes > request.room_bytes:
                ending, content.content_bytes = Ending.NO_ROOM, request.room_bytes
        connection.used_s = network.now_s()
        if ending is not Ending.WHOLE or answer.headers.get("connection", "").lower() == "close":
            connection.hang_up()
        return Reply(
            status=answer.status,
            headers=answer.headers,
            body=bytes(answer.body[: min(body_bytes, KEPT_BYTES_MAX)]) if content is None else b"",
            body_bytes=body_bytes,
            content_bytes=content.content_bytes if content else 0,
            content_digest=_digest(request.sink, intact=content.intact) if content else "",
            ending=ending,
            detail=detail,
        )

    def _content_of(self, status: int) -> SinkContent | None:
        request = self.request
        if not request.sink or status not in (_OK, _PARTIAL):
            return None
        if not request.range_from:
            self.contents[request.sink] = SinkContent()
        return self.contents[request.sink]

    async def _await_head(self) -> None:
        """Raises ConnectionLostError when no head comes."""
        connection, request, network = self.connection, self.request, self.network
        until_s = network.now_s() + (request.header_timeout_s or math.inf)
        answer = connection.answer
        while not answer.head_bytes or connection.received < answer.head_bytes:
            if connection.received and math.isnan(self.first_byte_s):
                self.first_byte_s = network.now_s()
            if connection.ended is not None:
                raise _broken_off(connection)
            if network.now_s() >= until_s:
                text = "net/http: timeout awaiting response headers"
                raise ConnectionLostError(Failing.HEADER_TIMEOUT, text)
            left_s = self.progress.left_s(request.progress_timeout_s)
            if left_s is not None and left_s <= 0:
                raise ConnectionLostError(Failing.NO_PROGRESS, "context canceled")
            wait_s = until_s - network.now_s()
            await connection.news(wait_s if left_s is None else min(wait_s, left_s))
        if math.isnan(self.first_byte_s):
            self.first_byte_s = network.now_s()

    async def _await_body(self) -> tuple[Ending, str, int]:
        """How the body ended, with Go's wording, and how long it was."""
        connection, request, answer = self.connection, self.request, self.connection.answer
        seen = answer.head_bytes
        while connection.received - answer.head_bytes < answer.expected_bytes:
            if connection.received > seen:
                seen = connection.received
                self.progress.came()
            if connection.ended is not None:
                return *_end_of_body(connection), connection.received - answer.head_bytes
            left_s = self.progress.left_s(request.progress_timeout_s)
            if left_s is not None and left_s <= 0:
                got = connection.received - answer.head_bytes
                return Ending.STALLED, "context canceled", got
            if request.room_bytes is not None and seen - answer.head_bytes > request.room_bytes:
                break
            await connection.news(math.inf if left_s is None else left_s)
        self.progress.came()
        return Ending.WHOLE, "", connection.received - answer.head_bytes


def _broken_off(connection: SimulatedConnection) -> ConnectionLostError:
    received = connection.received > 0
    if connection.ended is End.RESET:
        text = f"read tcp {connection.ends}: read: connection reset by peer"
        return ConnectionLostError(Failing.RESET, text, answered=received)
    return ConnectionLostError(
        Failing.EOF, "unexpected EOF" if received else "EOF", answered=received
    )


def _end_of_body(connection: SimulatedConnection) -> tuple[Ending, str]:
    if connection.ended is End.RESET:
        return Ending.RESET, f"read tcp {connection.ends}: read: connection reset by peer"
    return Ending.CUT, "unexpected EOF"


def _body_and_headers(request: Request, place: Place) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """As the registry's server reads them: names in lower case."""
    body = request.body
    headers = [(b"host", place.authority.encode())]
    headers += [
        (name.lower().encode(), value.encode("utf-8", "surrogateescape"))
        for name, value in request.headers.items()
    ]
    if request.form is not None:
        body = urlencode(request.form).encode()
    if body:
        headers.append((b"content-length", b"%d" % len(body)))
    return body, headers


@lru_cache(maxsize=4096)
def _digest(sink: str, *, intact: bool) -> str:
    return sink if intact else digest_of(f"another content than {sink}".encode())
