"""How one node reaches the registry: look-ups, kept connections, requests, and their samples."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import gevent

from harness.load.body_sinks import Body, Content, Kept, Progress
from harness.load.dial import dial
from harness.load.lookup import Addresses, NameServer, look_up
from harness.load.orders import LoadTarget, NodeEndpoint
from harness.load.pull_connection import ConnectionDied, PullConnection
from harness.load.request_rows import Times, look_up_row, request_row
from harness.load.request_target import Place, UnsendableError, place_of, written
from harness.load.response_reader import ClientResponse
from harness.load.samples_file import SampleWriter
from harness.load.tls import trust_in
from harness.node.commands import Ending, Failing, Reply, Request, TransportFailure
from harness.recording.outcome import Outcome

# containerd: core/remotes/docker/registry.go, DefaultHTTPTransport, and Go's net/http defaults
IDLE_S: Final = 30.0
_IDLE_PER_HOST_MAX: Final = 2
_SENT_AGAIN_AFTER: Final = (Failing.EOF, Failing.RESET)
_REPEATABLE: Final = ("GET", "HEAD")
_OK, _PARTIAL = 200, 206
_NAN: Final = float("nan")

_Pool = tuple[str, str, int, bool]  # the rules' client, host, port, TLS


@dataclass(kw_only=True)
class _Held:
    """What one pull holds on to.

    containerd makes new transports for every pull (internal/cri: registryHosts), so that no
    connection serves two.
    """

    idle: dict[_Pool, list[PullConnection]] = field(default_factory=lambda: defaultdict(list))
    connections: set[PullConnection] = field(default_factory=set)
    contents: dict[str, Content] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)

    def take(self, pool: _Pool) -> PullConnection | None:
        """An idle connection that is still good, the latest used first."""
        idle = self.idle[pool]
        while idle:
            connection = idle.pop()
            if time.monotonic() - connection.used_s < IDLE_S and not connection.is_dead():
                return connection
            self.drop(connection)
        return None

    def keep(self, pool: _Pool, connection: PullConnection) -> None:
        if connection.reusable and len(self.idle[pool]) < _IDLE_PER_HOST_MAX:
            self.idle[pool].append(connection)
        else:
            self.drop(connection)

    def drop(self, connection: PullConnection) -> None:
        connection.close()
        self.connections.discard(connection)

    def close(self) -> None:
        while self.connections:
            self.connections.pop().close()
        self.idle.clear()

    def leave(self, idle_s: float) -> None:
        """Close what is idle when it has been so for `idle_s`, the rest at once."""
        idle = {connection for pool in self.idle.values() for connection in pool}
        for connection in self.connections - idle:
            self.drop(connection)
        for connection in idle:
            left_s = connection.used_s + idle_s - time.monotonic()
            gevent.spawn_later(max(0.0, left_s), connection.close)


@dataclass(kw_only=True)
class _Sending:
    """One request under way. `dial_s`: how long its look-ups and connections took."""

    request: Request
    pull: str
    held: _Held
    first_byte_s: float = _NAN
    dial_s: float = 0.0


class NodeWire:
    """One per emulated node or background client. Its methods raise nothing a registry causes.

    `idle_s`: how long idle connections outlive their pull. Nothing is sent on them any more, but a
    limit on connections counts them.
    """

    def __init__(
        self,
        *,
        node: str,
        target: LoadTarget,
        endpoint: NodeEndpoint,
        samples: SampleWriter,
        idle_s: float = 0.0,
    ) -> None:
        self.registry_url = f"{target.scheme}://{target.registry_name}:{endpoint.link_port}"
        self.requests = 0
        self.requests_failed = 0
        self._astray_url, self._astray_by = "", ""
        self._tell_astray: Callable[[], None] | None = None
        self._node = node
        self._server = NameServer(address=target.resolver_address, port=endpoint.resolver_port)
        self._start_s = target.clock_start_s
        self._samples = samples
        self._ca_pem = target.ca_pem
        self._idle_s = idle_s
        self._held: dict[str, _Held] = {}

    def lead_astray(self, url: str, fault: str, tell: Callable[[], None]) -> None:
        """Call `tell` for each request below `url`, and mark it as bitten by `fault`."""
        self._astray_url, self._astray_by, self._tell_astray = f"{url}/", fault, tell

    def perform(
        self, request: Request, *, pull: str, due_s: float | None = None
    ) -> Reply | TransportFailure:
        """Carry `request` out for `pull`; see `perform_timed`."""
        return self.perform_timed(request, pull=pull, due_s=due_s)[0]

    def perform_timed(
        self, request: Request, *, pull: str, due_s: float | None = None
    ) -> tuple[Reply | TransportFailure, float]:
        """The outcome of `request`, and how many seconds of it were look-up and connecting.

        `due_s` is when it should have been sent, on the monotonic clock; now when not given.
        What `pull` holds (connections, content under way) is kept until `forget(pull)`.
        """
        sent_s = time.monotonic()
        self.requests += 1
        held = self._held.setdefault(pull, _Held())
        sending = _Sending(request=request, pull=pull, held=held)
        outcome: Reply | TransportFailure | None = None
        is_astray = self._tell_astray is not None and request.url.startswith(self._astray_url)
        if self._tell_astray is not None and is_astray:
            self._tell_astray()  # before it is sent: a dead mirror takes longer than a fault
        held.progress.begin()
        try:
            outcome = self._send(sending)
        finally:
            held.progress.end()
            times = Times(
                due_s=(sent_s if due_s is None else due_s) - self._start_s,
                sent_s=sent_s - self._start_s,
                first_byte_s=sending.first_byte_s - self._start_s,
                done_s=time.monotonic() - self._start_s,
            )
            row = request_row(
                request,
                outcome,
                pull=pull,
                node=self._node,
                times=times,
                led_by=self._astray_by if is_astray else "",
            )
            self._samples.add("requests", row)
            *_, ended, _, _ = row
            self.requests_failed += ended == Outcome.FAILED
        return outcome, sending.dial_s

    def forget(self, pull: str) -> None:
        """The pull is over: close its connections and let go of what was kept for it."""
        held = self._held.pop(pull, None)
        if held is None:
            return
        if self._idle_s:
            held.leave(self._idle_s)
        else:
            held.close()

    def close(self) -> None:
        """Close every connection."""
        for pull in list(self._held):
            self.forget(pull)

    def _send(self, sending: _Sending) -> Reply | TransportFailure:
        """Send as Go's transport does: again, when a kept connection turns out to be dead.

        net/http/transport.go, shouldRetryRequest.
        """
        request = sending.request
        try:
            place = place_of(request.url)
            sent = written(request, place)
        except UnsendableError as error:
            return error.failure
        pool = (request.client, place.host, place.port, place.tls)
        while True:
            connection = sending.held.take(pool)
            is_kept = connection is not None
            if connection is None:
                dialled = self._dial(place, sending)
                if isinstance(dialled, TransportFailure):
                    return dialled
                connection = dialled
            try:
                return self._exchange(connection, sent, sending)
            except ConnectionDied as died:
                again = is_kept and not died.answered and request.method in _REPEATABLE
                if again and died.failure.failing in _SENT_AGAIN_AFTER:
                    continue
                return died.failure
            finally:
                sending.held.keep(pool, connection)

    def _dial(self, place: Place, sending: _Sending) -> PullConnection | TransportFailure:
        def looked_up(name: str, timeout_s: float) -> Addresses | TransportFailure:
            return self._look_up(name, timeout_s, sending.pull)

        began_s = time.monotonic()
        timeout_s = sending.request.dial_timeout_s
        dialled = dial(place.host, place.port, timeout_s=timeout_s, look_up=looked_up)
        if isinstance(dialled, PullConnection):
            sending.held.connections.add(dialled)
            if place.tls and (failure := dialled.secure(trust_in(self._ca_pem), place.host)):
                sending.held.drop(dialled)
                dialled = failure
        sending.dial_s += time.monotonic() - began_s
        return dialled

    def _look_up(self, name: str, timeout_s: float, pull: str) -> Addresses | TransportFailure:
        sent_s = time.monotonic() - self._start_s
        found = look_up(name, self._server, timeout_s=timeout_s)
        row = look_up_row(
            found if isinstance(found, TransportFailure) else None,
            pull=pull,
            node=self._node,
            sent_s=sent_s,
            done_s=time.monotonic() - self._start_s,
        )
        self._samples.add("requests", row)
        return found

    def _exchange(self, connection: PullConnection, sent: bytes, sending: _Sending) -> Reply:
        request, contents = sending.request, sending.held.contents
        kept, content = Kept(), None

        def body(answer: ClientResponse) -> Body:
            nonlocal content
            if not request.sink or answer.status not in (_OK, _PARTIAL):
                return kept
            if not request.range_from:
                contents[request.sink] = Content(request.sink)
            content = contents[request.sink]
            content.skip(request.range_from if answer.status == _OK else 0)
            content.room_bytes = request.room_bytes
            return content

        answer = connection.exchange(sent, request, sending.held.progress, body)
        sending.first_byte_s = answer.first_byte_s
        if content is not None and content.is_full:
            answer.ending = Ending.NO_ROOM
        return Reply(
            status=answer.status,
            headers=answer.headers,
            body=bytes(kept.content),
            body_bytes=answer.body_bytes,
            content_bytes=content.content_bytes if content else 0,
            content_digest=content.digest if content else "",
            ending=answer.ending,
            detail=answer.detail,
        )
