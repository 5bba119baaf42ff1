"""One request on its way through the gateway: what rules make of its answer."""

import time
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass
from typing import Literal

from starlette.types import Message, Scope, Send

from harness.gateway.bodies import Extent, Flip, cut_at, extent, flipped, flips, within
from harness.gateway.labels import relabel
from harness.gateway.metering import metered
from harness.gateway.request import Ask
from harness.gateway.rules import Decision, Rule
from harness.oci.errors import ErrorCode, error_body
from harness.seams import (
    Act,
    ConnectionLimit,
    Corrupt,
    Delay,
    EgressQuota,
    Instead,
    MisdirectToken,
    MislabelDigest,
    Queue,
    RateLimit,
    Redirect,
    RefuseToken,
    Respond,
    SkewClock,
    Truncate,
    Watch,
)

BITTEN_BY = "harness-bitten-by"

Ending = Literal["ok", "cut", "client_gone", "error"]

_UNAUTHORIZED, _NOT_FOUND, _TOO_MANY_REQUESTS = 401, 404, 429
_TEMPORARY_REDIRECT, _UNAVAILABLE = 307, 503
_QUOTA_CODES = {403: ErrorCode.DENIED, 429: ErrorCode.TOOMANYREQUESTS}
_SERVED = (200, 206)
_NOT_QUEUED = nullcontext()  # of every request that no queue holds up: the hot path


class AnswerEndedError(Exception):
    """The connection is closed, by a rule or by the client; the registry need not go on."""


class BrokenOffError(Exception):
    """What is behind the gateway ended its answer too early; the client's connection is closed."""


class Exchange:
    """Stands where the registry sends its answer."""

    __slots__ = (
        "_answered",
        "_bitten",
        "_body",
        "_connection",
        "_decision",
        "_late",
        "_offset",
        "_send",
        "ask",
        "bitten_by",
        "bytes",
        "ended",
        "first_byte_s",
        "started_s",
        "status",
    )

    def __init__(self, ask: Ask, send: Send, decision: Decision | None, now_s: float) -> None:
        self.ask = ask
        self.started_s = now_s
        self.first_byte_s: float | None = None
        self.status = 0
        self.bytes = 0
        self.bitten_by: tuple[str, ...] = ()
        self._bitten: list[Rule] = []
        self.ended: Ending = "client_gone"  # until it is known to be another
        meters = decision.meters if decision is not None else ()
        self._send = metered(send, meters, self._bite) if meters else send
        self._decision = decision
        self._answered: Rule | None = None
        self._late = None if decision is None else _behind_login(decision.answer, ask)
        self._body: _BodyChange | None = None
        self._offset = 0
        self._connection = ask.connection

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
    def rule(self) -> Rule | None:
        """The rule that answers in the registry's place, without asking it first."""
        return None if self._decision is None or self._late else self._decision.answer

    @property
    def scope(self) -> Scope:
        """The request as the registry shall see it."""
        path = self._decision.path if self._decision is not None else None
        if path is None:
            return self.ask.scope
        return {**self.ask.scope, "path": path, "raw_path": path.encode()}

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait in the queues, and keep the places there until the block is left.

        Raises AnswerEndedError when the client is gone before its turn.
        """
        if self._decision is None or not self._decision.queues:
            return _NOT_QUEUED
        return self._places_in(self._decision.queues)

    @asynccontextmanager
    async def _places_in(self, queues: list[Rule]) -> AsyncIterator[None]:
        async with AsyncExitStack() as places:
            for rule in queues:
                assert isinstance(rule.act, Queue)
                assert rule.turns is not None
                await places.enter_async_context(rule.turns.taken())
                if self._connection.closing:
                    raise AnswerEndedError
                self._bite(rule)
                await rule.hold(rule.act.service_s)
            yield

    async def answer(self, rule: Rule) -> None:
        """Answer in the registry's place, or hang up. Raises AnswerEndedError for the latter."""
        if isinstance(rule.act, ConnectionLimit) and rule.act.answer == "reset":
            self._bite(rule)
            self.ended = "cut"
            await self._connection.end("rst")
            raise AnswerEndedError
        self._answered = rule
        status, headers, body = _own_answer(rule, self.ask)
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        lines.append((b"content-length", b"%d" % len(body)))
        await self.send({"type": "http.response.start", "status": status, "headers": lines})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    async def _overrule(self, status: int) -> None:
        """Answer in the place of a registry that was asked first; then AnswerEndedError."""
        late, self._late = self._late, None
        if late is not None and status != _UNAUTHORIZED:
            await self.answer(late)
            raise AnswerEndedError

    async def _start(self, message: Message) -> None:
        self.status = message["status"]
        if self._decision is not None:
            headers = list(message["headers"])
            await self._apply(self._decision, headers)
            message = {**message, "headers": headers}
        self.first_byte_s = time.monotonic()
        await self._send(message)

    async def _apply(self, decision: Decision, headers: list[tuple[bytes, bytes]]) -> None:
        for rule in decision.delays:
            assert isinstance(rule.act, Delay | Redirect)
            self._bite(rule)
            await rule.hold(rule.act.first_byte_s)
        if self._connection.closing:
            raise AnswerEndedError
        if self._answered is not None:
            self._bite(self._answered)
        else:
            self._count(decision)
        self._relabel(decision.labels, headers)
        if decision.body is not None and (held := extent(self.status, headers)):
            self._body = _body_change(decision.body, self.ask, held)
            self._offset = held.first
            if self._body is not None:
                self._bite(decision.body)
        headers += [(name.encode(), value.encode()) for name, value in decision.headers]
        if self.bitten_by:
            headers.append((BITTEN_BY.encode(), ",".join(self.bitten_by).encode()))

    def _count(self, decision: Decision) -> None:
        """What the registry's own answer proves."""
        for rule in decision.watches:
            assert isinstance(rule.act, Watch)
            if self._is_answer(rule.act.answers):
                self._bite(rule)
        if decision.instead is not None and self._is_answer("found"):
            self._bite(decision.instead)

    def _is_answer(self, wanted: Literal["content", "found", "missing"]) -> bool:
        if wanted == "missing":
            return self.status == _NOT_FOUND
        methods = ("GET",) if wanted == "content" else ("GET", "HEAD")
        return self.status in _SERVED and self.ask.method in methods

    def _relabel(self, labels: list[Rule], headers: list[tuple[bytes, bytes]]) -> None:
        for rule in labels:
            assert isinstance(rule.act, MisdirectToken | MislabelDigest)
            if relabel(rule.act, self.status, headers):
                self._bite(rule)

    async def _send_changed(self, change: "_BodyChange", message: Message) -> None:
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


@dataclass(frozen=True, kw_only=True)
class _BodyChange:
    """Bytes to flip, or where in the whole content to end the connection, and how."""

    flips: tuple[Flip, ...] = ()
    end: int | None = None
    ending: Literal["fin", "rst"] = "fin"


def _body_change(rule: Rule, ask: Ask, held: Extent) -> _BodyChange | None:
    """What `rule` changes in this answer; None when nothing that it holds."""
    match rule.act:
        case Corrupt(flip_bytes=count):
            changes = within(flips(rule.chance, ask.reference, count, held.total), held)
            return _BodyChange(flips=changes) if changes else None
        case Truncate(keep_share=share, ending=ending):
            end = cut_at(share, held.total)
            return _BodyChange(end=end, ending=ending) if end < held.end else None
    return None


def _behind_login(rule: Rule | None, ask: Ask) -> Rule | None:
    """`rule`, if its answer is for those only who are logged in."""
    if rule is None or ask.method not in ("GET", "HEAD"):
        return None
    act = rule.act
    late = isinstance(act, Instead) or (isinstance(act, Respond) and act.behind_login)
    return rule if late else None


def _own_answer(rule: Rule, ask: Ask) -> tuple[int, list[tuple[str, str]], bytes]:
    json = ("Content-Type", "application/json")
    match rule.act:
        case Respond(status=status, headers=headers, body=body):
            named = any(name.lower() == "content-type" for name, _ in headers)
            kind = [] if named or not body.startswith("{") else [json]
            return status, [*kind, *_sendable(headers)], body.encode()
        case RefuseToken() | SkewClock():
            error = rule.act.error if isinstance(rule.act, RefuseToken) else "invalid_token"
            name = ask.repositories[0] if ask.repositories else ""
            return rule.refuse_token(ask.scope, ask.method, name, error)
        case Instead():
            assert rule.substitution is not None
            return rule.substitution.answer(ask)
        case Redirect():
            return _TEMPORARY_REDIRECT, [], b""
    status, code, message = _refusal(rule.act)
    closing = [("Connection", "close")] if isinstance(rule.act, ConnectionLimit) else []
    return status, [json, *closing], error_body(code, message)


def _refusal(act: Act) -> tuple[int, ErrorCode, str | None]:
    """How acts refuse too much of something; a message of None is the code's own."""
    match act:
        case Queue() | ConnectionLimit():
            return _UNAVAILABLE, ErrorCode.UNAVAILABLE, None
        case EgressQuota(status=status, message=message):
            return status, _QUOTA_CODES[status], message
        case RateLimit(message=message):
            return _TOO_MANY_REQUESTS, ErrorCode.TOOMANYREQUESTS, message
    raise TypeError(f"{act}: does not answer")


def _sendable(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Without Content-Length, which follows from the body."""
    return [(name, value) for name, value in headers if name.lower() != "content-length"]
