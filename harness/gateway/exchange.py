"""One request on its way through the gateway: what rules make of its answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass
from typing import Any, Final, Literal

from starlette.types import Message, Scope, Send

from harness.gateway.acts import Behaviour
from harness.gateway.bodies import BodyChange, extent, flipped
from harness.gateway.metering import metered
from harness.gateway.request import GatewayRequest
from harness.gateway.rules import Decision, Rule
from harness.gateway.sharing import Lane, Sharing, shared
from harness.process.clock import monotonic_s

BITTEN_BY = "harness-bitten-by"

Ending = Literal["ok", "cut", "client_gone", "error"]

_UNAUTHORIZED = 401
_NOT_QUEUED = nullcontext()  # of every request that no queue holds up: the hot path


@dataclass(frozen=True, kw_only=True)
class Path:
    """The way of an answer: the lanes that its content goes through, and when it may begin."""

    lanes: tuple[Lane, ...] = ()
    sharing: Sharing | None = None
    not_before_s: float = 0.0


NO_PATH: Final = Path()


class AnswerEndedError(Exception):
    """The connection is closed, by a rule or by the client; the registry need not go on."""


class BrokenOffError(Exception):
    """What is behind the gateway ended its answer too early; the client's connection is closed."""


class Exchange:
    """Stands where the registry sends its answer."""

    __slots__ = (
        "_answered",
        "_behind_login",
        "_bitten",
        "_body",
        "_connection",
        "_decision",
        "_not_before_s",
        "_offset",
        "_send",
        "bitten_by",
        "bytes",
        "ended",
        "first_byte_s",
        "request",
        "started_s",
        "status",
    )

    def __init__(
        self,
        request: GatewayRequest,
        send: Send,
        decision: Decision | None,
        now_s: float,
        *,
        path: Path = NO_PATH,
    ) -> None:
        """`now_s`: when the request came."""
        self.request = request
        self.started_s = now_s
        self.first_byte_s: float | None = None
        self.status = 0
        self.bytes = 0
        self.bitten_by: tuple[str, ...] = ()
        self._bitten: list[Rule] = []
        self.ended: Ending = "client_gone"  # until it is known to be another
        self._decision = decision
        self._answered: Rule | None = None
        self._body: BodyChange | None = None
        self._offset = 0
        self._connection = request.connection
        self._not_before_s = path.not_before_s
        self._send = self._through(path, send) if path.lanes else send
        self._behind_login: Rule | None = None
        if decision is not None:
            meters = [(it, meter) for it in decision.rules if (meter := it.behaviour.meter())]
            if meters:
                self._send = metered(self._send, meters, self._bite)
            answer = decision.answer
            if answer is not None and answer.behaviour.behind_login:
                self._behind_login = answer if request.method in ("GET", "HEAD") else None

    def _through(self, path: "Path", send: Send) -> Send:
        assert path.sharing is not None
        return shared(
            send,
            connection=self._connection,
            lanes=path.lanes,
            sharing=path.sharing,
            passed=self._require_client,
        )

    def _require_client(self) -> None:
        if self._connection.closing:
            raise AnswerEndedError

    async def send(self, message: Message) -> None:
        """Raises AnswerEndedError when there is nobody to send to any more."""
        if self._connection.closing:
            raise AnswerEndedError
        if message["type"] == "http.response.start":
            await self._overrule(message["status"])
            await self._start(message)
        elif self._body is None:
            self.bytes += len(message["body"])
            await self._send(message)
            if not message.get("more_body", False):
                self.ended = "ok"
            elif self._connection.full:
                await self._connection.drained()  # before the registry reads the next part
        else:
            await self._send_changed(self._body, message)

    @property
    def answering(self) -> Rule | None:
        """The rule that answers in the registry's place, without asking it first."""
        if self._decision is None or self._behind_login is not None:
            return None
        return self._decision.answer

    @property
    def scope(self) -> Scope:
        """The request as the registry shall see it."""
        path = self._decision.path if self._decision is not None else None
        if path is None:
            return self.request.scope
        return {**self.request.scope, "path": path, "raw_path": path.encode()}

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait in the queues, and keep the places there until the block is left.

        Raises AnswerEndedError when the client is gone before its turn.
        """
        if self._decision is None:
            return _NOT_QUEUED
        places = [(it, place) for it in self._decision.rules if (place := it.behaviour.place())]
        return self._taken(places) if places else _NOT_QUEUED

    @asynccontextmanager
    async def _taken(
        self, places: list[tuple[Rule, AbstractAsyncContextManager[float]]]
    ) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for rule, place in places:
                service_s = await stack.enter_async_context(place)
                if self._connection.closing:
                    raise AnswerEndedError
                self._bite(rule)
                await rule.hold(service_s)
            yield

    async def answer(self, rule: Rule) -> None:
        """Answer in the registry's place, or hang up. Raises AnswerEndedError for the latter."""
        answer = rule.behaviour.answer(self.request)
        if answer is None:
            self._bite(rule)
            if (held_s := rule.behaviour.delay_s()) is not None:
                await rule.hold(held_s)
            self.ended = "cut"
            await self._connection.end("rst")
            raise AnswerEndedError
        self._answered = rule
        status, headers, body = answer
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        lines.append((b"content-length", b"%d" % len(body)))
        await self.send({"type": "http.response.start", "status": status, "headers": lines})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    async def _overrule(self, status: int) -> None:
        """Answer in the place of a registry that was asked first; then AnswerEndedError."""
        rule, self._behind_login = self._behind_login, None
        if rule is not None and status != _UNAUTHORIZED:
            await self.answer(rule)
            raise AnswerEndedError

    async def _start(self, message: Message) -> None:
        self.status = message["status"]
        if self._decision is not None:
            headers = list(message["headers"])
            await self._apply(self._decision, headers)
            message = {**message, "headers": headers}
        if self._not_before_s and (left_s := self._not_before_s - monotonic_s()) > 0:
            await asyncio.sleep(left_s)
            self._require_client()
        self.first_byte_s = monotonic_s()
        await self._send(message)

    async def _apply(self, decision: Decision, headers: list[tuple[bytes, bytes]]) -> None:
        await self._hold_back(decision)
        if self._answered is not None:
            self._bite(self._answered)
        else:
            self._bite_all(decision, lambda it: it.counts(self.status, self.request.method))
        self._bite_all(decision, lambda it: it.change_headers(self.status, headers))
        if decision.last is not None and (held := extent(self.status, headers)):
            self._offset = held.first
            self._body = decision.last.behaviour.change_body(self.request, held)
            if self._body is not None:
                self._bite(decision.last)
        headers += [(name.encode(), value.encode()) for name, value in decision.headers]
        if self.bitten_by:
            headers.append((BITTEN_BY.encode(), ",".join(self.bitten_by).encode()))

    async def _hold_back(self, decision: Decision) -> None:
        """Hold the first byte back. Raises AnswerEndedError when the client is gone by then."""
        for rule in decision.rules:
            delay_s = rule.behaviour.delay_s()
            if delay_s is not None:
                self._bite(rule)
                await rule.hold(delay_s)
        if self._connection.closing:
            raise AnswerEndedError

    def _bite_all(self, decision: Decision, affects: Callable[[Behaviour[Any]], bool]) -> None:
        for rule in decision.rules:
            if affects(rule.behaviour):
                self._bite(rule)

    async def _send_changed(self, change: BodyChange, message: Message) -> None:
        body, offset = message["body"], self._offset
        keep = len(body) if change.end is None else max(0, change.end - offset)
        body = flipped(body[:keep], offset, change.flips)
        self._offset += len(body)
        self.bytes += len(body)
        if keep >= len(message["body"]) and (change.end is None or message.get("more_body", False)):
            await self._send({**message, "body": body})
            if not message.get("more_body", False):
                self.ended = "ok"
            return
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        self.ended = "cut"
        await self._connection.end(change.ending)
        raise AnswerEndedError

    def _bite(self, rule: Rule) -> None:
        """Count this request for `rule`, once."""
        if rule in self._bitten:
            return
        self._bitten.append(rule)
        rule.bites += 1
        if rule.order.fault not in self.bitten_by:
            self.bitten_by = (*self.bitten_by, rule.order.fault)
