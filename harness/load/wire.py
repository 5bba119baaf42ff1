"""How one node reaches the registry: look-ups, kept connections, requests, and their samples."""

import time
from collections import defaultdict
from typing import Final
from urllib.parse import urlencode, urlsplit

import gevent
from gevent import socket

from harness.load.connection import Answer, Connection, ConnectionDied, Sink
from harness.load.lookup import NameServer, look_up
from harness.load.orders import LoadTarget, NodeEndpoint
from harness.load.samples_file import SampleWriter
from harness.node.causes import cause_of_answer, cause_of_failing
from harness.node.commands import Ending, Failing, Reply, Request, TransportFailure
from harness.outcome import Cause, Outcome

_BITTEN_BY: Final = "harness-bitten-by"
_ENDING_CAUSES: Final = {
    Ending.CUT: Cause.TCP,
    Ending.RESET: Cause.TCP,
    Ending.STALLED: Cause.TIMEOUT,
}
_FIRST_FAILED_STATUS: Final = 400

_Pool = tuple[str, str, int]  # the rules' client, host, port


class NodeWire:
    """One per emulated node or background client. All its pulls share its connections."""

    def __init__(
        self, *, node: str, target: LoadTarget, endpoint: NodeEndpoint, samples: SampleWriter
    ) -> None:
        self.registry_url = f"{target.scheme}://{target.registry_name}:{endpoint.link_port}"
        self.requests = 0
        self._node = node
        self._name = target.registry_name
        self._server = NameServer(address=target.resolver_address, port=endpoint.resolver_port)
        self._start_s = target.clock_start_s
        self._samples = samples
        self._idle: dict[_Pool, list[Connection]] = defaultdict(list)
        self._open: set[Connection] = set()
        self._sinks: dict[tuple[str, str], Sink] = {}
        self._progress_s: dict[str, float] = {}

    def perform(
        self, request: Request, *, pull: str, due_s: float | None = None
    ) -> Reply | TransportFailure:
        """Carry `request` out for `pull`; `due_s` (absolute) is now when it is not given."""
        sent_s = time.monotonic()
        self.requests += 1
        self._progress_s[pull] = sent_s
        reply, first_s = self._attempt(request, pull)
        self._record(request, reply, pull, (sent_s if due_s is None else due_s, sent_s, first_s))
        return reply

    def forget(self, pull: str) -> None:
        """The pull is over: let go of what was kept for it."""
        self._progress_s.pop(pull, None)
        for key in [key for key in self._sinks if key[0] == pull]:
            del self._sinks[key]

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._idle.clear()

    def _attempt(self, request: Request, pull: str) -> tuple[Reply | TransportFailure, float]:
        """The reply and when its first byte came (NaN when none did).

        Go's transport sends a request again by itself when a kept connection turns out to be dead
        before a byte of the answer came (net/http, Transport.roundTrip).
        """
        url = urlsplit(request.url)
        host, port = url.hostname or "", url.port or 80
        pool = (request.client, host, port)
        while True:
            connection = self._idle[pool].pop() if self._idle[pool] else None
            kept = connection is not None
            if connection is None:
                dialled = self._dial(host, port, request, pull)
                if isinstance(dialled, TransportFailure):
                    return dialled, float("nan")
                connection = dialled
            try:
                answer = self._exchange(connection, request, pull)
            except ConnectionDied as died:
                self._open.discard(connection)
                again = kept and not died.answered and request.method in ("GET", "HEAD")
                if again and died.failure.failing is not Failing.HEADER_TIMEOUT:
                    continue
                return died.failure, float("nan")
            except BaseException:  # the pull was ended where it stood
                connection.close()
                self._open.discard(connection)
                raise
            self._keep(pool, connection)
            return self._reply(request, answer, pull), answer.first_byte_s

    def _keep(self, pool: _Pool, connection: Connection) -> None:
        if connection.reusable:
            self._idle[pool].append(connection)
        else:
            self._open.discard(connection)

    def _dial(
        self, host: str, port: int, request: Request, pull: str
    ) -> Connection | TransportFailure:
        """A new connection: every one looks the name up again, as Go does."""
        deadline_s = time.monotonic() + request.dial_timeout_s
        address: str | TransportFailure = host
        if host == self._name:
            address = self._look_up(host, request.dial_timeout_s, pull)
        if isinstance(address, TransportFailure):
            return address
        left_s = max(0.001, deadline_s - time.monotonic())
        try:
            with gevent.Timeout(left_s):
                sock = socket.create_connection((address, port))
        except gevent.Timeout:
            detail = f"dial tcp {address}:{port}: i/o timeout"
            return TransportFailure(failing=Failing.DIAL_TIMEOUT, detail=detail)
        except OSError as error:
            detail = f"dial tcp {address}:{port}: connect: {(error.strerror or '').lower()}"
            return TransportFailure(failing=Failing.DIAL_REFUSED, detail=detail)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock)
        self._open.add(connection)
        return connection

    def _look_up(self, name: str, timeout_s: float, pull: str) -> str | TransportFailure:
        sent_s = time.monotonic() - self._start_s
        found = look_up(name, self._server, timeout_s=timeout_s)
        done_s = time.monotonic() - self._start_s
        failed = isinstance(found, TransportFailure)
        cause = cause_of_failing(found.failing) if isinstance(found, TransportFailure) else ""
        outcome = Outcome.FAILED if failed else Outcome.OK
        first_s = float("nan") if failed else done_s
        times = (sent_s, sent_s, first_s, done_s)
        self._samples.add(
            "requests",
            (pull, self._node, "dns", "QUERY", 0, *times, 0, 0, outcome.value, str(cause), ""),
        )
        return found

    def _exchange(self, connection: Connection, request: Request, pull: str) -> Answer:
        key = (pull, request.sink)

        def into(answer: Answer) -> Sink | None:
            if not request.sink or answer.status not in (200, 206):
                return None
            if not request.range_from or key not in self._sinks:
                self._sinks[key] = Sink()
            return self._sinks[key]

        def skip_bytes(answer: Answer) -> int:
            return request.range_from if answer.status == 200 else 0  # noqa: PLR2004  HTTP's OK

        def alive(came: bool) -> bool:  # noqa: FBT001  a callback's only argument
            now_s = time.monotonic()
            if came:
                self._progress_s[pull] = now_s
            limit_s = request.progress_timeout_s
            return not limit_s or now_s - self._progress_s.get(pull, now_s) < limit_s

        return connection.exchange(
            _bytes_of(request),
            head_only=request.method == "HEAD",
            header_timeout_s=request.header_timeout_s,
            into=into,
            skip_bytes=skip_bytes,
            alive=alive,
        )

    def _reply(self, request: Request, answer: Answer, pull: str) -> Reply:
        sink = self._sinks.get((pull, request.sink)) if request.sink else None
        hashed = sink is not None and answer.status in (200, 206)
        return Reply(
            status=answer.status,
            headers=answer.headers,
            body=bytes(answer.body),
            body_bytes=answer.body_bytes,
            content_bytes=sink.content_bytes if sink is not None and hashed else 0,
            content_digest=sink.digest if sink is not None and hashed else "",
            ending=answer.ending,
            detail=answer.detail,
        )

    def _record(
        self,
        request: Request,
        reply: Reply | TransportFailure,
        pull: str,
        times_s: tuple[float, float, float],
    ) -> None:
        due_s, sent_s, first_s = (at_s - self._start_s for at_s in times_s)
        status, received, bitten, cause = 0, 0, "", Cause.NONE
        if isinstance(reply, TransportFailure):
            cause = cause_of_failing(reply.failing)
        else:
            status, received = reply.status, reply.body_bytes
            bitten = reply.headers.get(_BITTEN_BY, "")
            if status >= _FIRST_FAILED_STATUS:
                cause = cause_of_answer(status, reply.body)
            elif reply.ending is not Ending.WHOLE:
                cause = _ENDING_CAUSES[reply.ending]
        challenged = status == 401 and not request.headers.get("Authorization")  # noqa: PLR2004  HTTP's Unauthorized
        failed = cause is not Cause.NONE and not challenged
        self._samples.add(
            "requests",
            (
                pull,
                self._node,
                request.kind.value,
                request.method,
                status,
                due_s,
                sent_s,
                first_s,
                time.monotonic() - self._start_s,
                received,
                request.range_from,
                (Outcome.FAILED if failed else Outcome.OK).value,
                cause.value if failed else "",
                bitten,
            ),
        )


def _bytes_of(request: Request) -> bytes:
    """The request as it goes out."""
    url = urlsplit(request.url)
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    headers = {"Host": url.netloc.rpartition("@")[2], **request.headers}
    body = request.body
    if request.form is not None:
        body = urlencode(request.form).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if body or request.method in ("POST", "PUT", "PATCH"):
        headers["Content-Length"] = str(len(body))
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
