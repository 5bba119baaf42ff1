"""A node's requests in virtual time, and their samples: what `load.node_client` does for real."""

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlencode

from harness.clusters.simulated.simulated_connection import SimulatedConnection
from harness.clusters.simulated.simulated_handshake import handshake
from harness.clusters.simulated.simulated_lookup import look_up
from harness.clusters.simulated.simulated_network import REGISTRY_PORT, SimulatedNetwork
from harness.link.stage import End
from harness.load.body_sinks import KEPT_BYTES_MAX, Progress
from harness.load.lookup import is_address
from harness.load.orders import REGISTRY_NAME
from harness.load.request_rows import Times, look_up_row, request_row
from harness.load.request_target import Place, UnsendableError, place_of, written
from harness.load.samples_file import SampleWriter
from harness.node.commands import Ending, Failing, Reply, Request, TransportFailure
from harness.oci.digest import digest_of
from harness.recording.outcome import Outcome

IDLE_S: Final = 30.0  # as `load.node_client.IDLE_S`
_IDLE_PER_HOST_MAX: Final = 2
_SENT_AGAIN_AFTER: Final = (Failing.EOF, Failing.RESET)
_REPEATABLE: Final = ("GET", "HEAD")
_NO_BODY: Final = (204, 304)
_OK, _PARTIAL = 200, 206
_NAN: Final = float("nan")

_Pool = tuple[str, str, int]  # the rules' client, host, port


@dataclass(kw_only=True)
class _SinkContent:
    """Content under way, over all its answers."""

    content_bytes: int = 0
    intact: bool = True


@dataclass(kw_only=True)
class _Sending:
    request: Request
    pull: str
    first_byte_s: float = _NAN
    dial_s: float = 0.0


class _DiedError(Exception):
    """No answer's head came. `answered`: a part of one had."""

    def __init__(self, failing: Failing, detail: str, *, answered: bool = False) -> None:
        super().__init__(detail)
        self.failure = TransportFailure(failing=failing, detail=detail)
        self.answered = answered


@dataclass(kw_only=True)
class SimulatedWire:
    """One for each pull or push: it makes connections of its own.

    `idle_s`: how long idle connections outlive it.
    """

    node: str
    network: SimulatedNetwork
    samples: SampleWriter
    idle_s: float = 0.0
    requests: int = 0
    requests_failed: int = 0
    _astray: tuple[str, str, Callable[[], None]] | None = None
    _idle: dict[_Pool, list[SimulatedConnection]] = field(default_factory=lambda: defaultdict(list))
    _connections: dict[SimulatedConnection, None] = field(default_factory=dict)
    _contents: dict[str, _SinkContent] = field(default_factory=dict)
    _progress: Progress = field(default_factory=Progress)

    @property
    def registry_url(self) -> str:
        return f"{self.network.scheme}://{REGISTRY_NAME}:{REGISTRY_PORT}"

    def lead_astray(self, url: str, fault: str, tell: Callable[[], None]) -> None:
        """See `load.node_client.NodeWire.lead_astray`."""
        self._astray = (f"{url}/", fault, tell)

    async def perform_timed(
        self, request: Request, *, pull: str
    ) -> tuple[Reply | TransportFailure, float]:
        """See `load.node_client.NodeWire.perform_timed`."""
        network = self.network
        sent_s = network.now_s()
        self.requests += 1
        sending = _Sending(request=request, pull=pull)
        outcome: Reply | TransportFailure | None = None
        led_by = ""
        if self._astray is not None and request.url.startswith(self._astray[0]):
            _, led_by, tell = self._astray
            tell()
        self._progress.begin()
        try:
            outcome = await self._send(sending)
        finally:
            self._progress.end()
            times = Times(
                due_s=sent_s,
                sent_s=sent_s,
                first_byte_s=sending.first_byte_s,
                done_s=network.now_s(),
            )
            row = request_row(
                request, outcome, pull=pull, node=self.node, times=times, led_by=led_by
            )
            self.samples.add("requests", row)
            *_, ended, _, _ = row
            self.requests_failed += ended == Outcome.FAILED
        return outcome, sending.dial_s

    def close(self) -> None:
        """Close what is in use, and what is idle when it has been so for `idle_s`."""
        idle = {connection: None for pool in self._idle.values() for connection in pool}
        for connection in list(self._connections):
            if self.idle_s and connection in idle and connection.is_usable:
                left_s = connection.used_s + self.idle_s - self.network.now_s()
                connection.loop.call_later(max(0.0, left_s), connection.hang_up)
            else:
                connection.hang_up()
        self._connections.clear()
        self._idle.clear()

    async def _send(self, sending: _Sending) -> Reply | TransportFailure:
        request = sending.request
        try:
            place = place_of(request.url)
            sent_bytes = len(written(request, place))
        except UnsendableError as error:
            return error.failure
        pool = (request.client, place.host, place.port)
        while True:
            connection = self._take(pool)
            is_kept = connection is not None
            if connection is None:
                dialled = await self._dial(place, sending)
                if isinstance(dialled, TransportFailure):
                    return dialled
                connection = dialled
            try:
                return await self._exchange(connection, place, sent_bytes, sending)
            except _DiedError as died:
                connection.hang_up()
                again = is_kept and not died.answered and request.method in _REPEATABLE
                if again and died.failure.failing in _SENT_AGAIN_AFTER:
                    continue
                return died.failure
            except BaseException:  # the pull was ended where it stood
                connection.hang_up()
                raise
            finally:
                self._keep(pool, connection)

    def _take(self, pool: _Pool) -> SimulatedConnection | None:
        idle = self._idle[pool]
        while idle:
            connection = idle.pop()
            if connection.is_usable and self.network.now_s() - connection.used_s < IDLE_S:
                return connection
            connection.hang_up()
        return None

    def _keep(self, pool: _Pool, connection: SimulatedConnection) -> None:
        if connection.is_usable and len(self._idle[pool]) < _IDLE_PER_HOST_MAX:
            self._idle[pool].append(connection)
        else:
            connection.hang_up()
            self._connections.pop(connection, None)

    async def _dial(
        self, place: Place, sending: _Sending
    ) -> SimulatedConnection | TransportFailure:
        began_s = self.network.now_s()
        try:
            return await self._dialled(place, sending)
        finally:
            sending.dial_s += self.network.now_s() - began_s

    async def _dialled(
        self, place: Place, sending: _Sending
    ) -> SimulatedConnection | TransportFailure:
        until_s = self.network.now_s() + sending.request.dial_timeout_s
        address = place.host
        if not is_address(address):
            found = await self._look_up(place.host, sending)
            if isinstance(found, TransportFailure):
                return found
            address = found[0]
        left_s = until_s - self.network.now_s()
        made = await self.network.connect(self.node, address, place.port, left_s)
        if isinstance(made, TransportFailure):
            return made
        self._connections[made] = None
        if place.tls and (failure := await handshake(made, self.network, place.host)):
            made.hang_up()
            return failure
        return made

    async def _look_up(self, name: str, sending: _Sending) -> tuple[str, ...] | TransportFailure:
        sent_s = self.network.now_s()
        found = await look_up(self.network, self.node, name, sending.request.dial_timeout_s)
        row = look_up_row(
            found if isinstance(found, TransportFailure) else None,
            pull=sending.pull,
            node=self.node,
            sent_s=sent_s,
            done_s=self.network.now_s(),
        )
        self.samples.add("requests", row)
        return found

    async def _exchange(
        self, connection: SimulatedConnection, place: Place, sent_bytes: int, sending: _Sending
    ) -> Reply:
        request, network = sending.request, self.network
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
        await self._await_head(connection, sending)
        answer = connection.answer
        has_body = request.method != "HEAD" and answer.status not in _NO_BODY
        content = self._content_of(request, answer.status) if has_body else None
        before = content.content_bytes if content is not None else 0
        ending, detail, body_bytes = Ending.WHOLE, "", 0
        if has_body:
            ending, detail, body_bytes = await self._await_body(connection, sending)
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

    def _content_of(self, request: Request, status: int) -> _SinkContent | None:
        if not request.sink or status not in (_OK, _PARTIAL):
            return None
        if not request.range_from:
            self._contents[request.sink] = _SinkContent()
        return self._contents[request.sink]

    async def _await_head(self, connection: SimulatedConnection, sending: _Sending) -> None:
        """Raises _DiedError when no head comes."""
        request, network = sending.request, self.network
        until_s = network.now_s() + (request.header_timeout_s or math.inf)
        answer = connection.answer
        while not answer.head_bytes or connection.received < answer.head_bytes:
            if connection.received and math.isnan(sending.first_byte_s):
                sending.first_byte_s = network.now_s()
            if connection.ended is not None:
                raise _broken_off(connection)
            if network.now_s() >= until_s:
                text = "net/http: timeout awaiting response headers"
                raise _DiedError(Failing.HEADER_TIMEOUT, text)
            left_s = self._progress.left_s(request.progress_timeout_s)
            if left_s is not None and left_s <= 0:
                raise _DiedError(Failing.NO_PROGRESS, "context canceled")
            wait_s = until_s - network.now_s()
            await connection.news(wait_s if left_s is None else min(wait_s, left_s))
        if math.isnan(sending.first_byte_s):
            sending.first_byte_s = network.now_s()

    async def _await_body(
        self, connection: SimulatedConnection, sending: _Sending
    ) -> tuple[Ending, str, int]:
        """How the body ended, with Go's wording, and how long it was."""
        request, answer = sending.request, connection.answer
        seen = answer.head_bytes
        while connection.received - answer.head_bytes < answer.expected_bytes:
            if connection.received > seen:
                seen = connection.received
                self._progress.came()
            if connection.ended is not None:
                return *_end_of_body(connection), connection.received - answer.head_bytes
            left_s = self._progress.left_s(request.progress_timeout_s)
            if left_s is not None and left_s <= 0:
                got = connection.received - answer.head_bytes
                return Ending.STALLED, "context canceled", got
            if request.room_bytes is not None and seen - answer.head_bytes > request.room_bytes:
                break
            await connection.news(math.inf if left_s is None else left_s)
        self._progress.came()
        return Ending.WHOLE, "", connection.received - answer.head_bytes


def _broken_off(connection: SimulatedConnection) -> _DiedError:
    received = connection.received > 0
    if connection.ended is End.RESET:
        text = f"read tcp {connection.ends}: read: connection reset by peer"
        return _DiedError(Failing.RESET, text, answered=received)
    return _DiedError(Failing.EOF, "unexpected EOF" if received else "EOF", answered=received)


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
