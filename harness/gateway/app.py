"""The gateway: ASGI middleware in front of a registry."""

import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.gateway.access_log import AccessLog
from harness.gateway.exchange import AnswerEndedError, BrokenOffError, Exchange
from harness.gateway.request import Ask
from harness.gateway.rules import Decision, Rules, decide
from harness.gateway.storage import Storage, admitted, refuse
from harness.seams import Redirect, RequestKind


class Gateway:
    """Tells nodes apart by the port they came to; one that is not known is called `""`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        nodes: Mapping[int, str],
        rules: Rules,
        log: AccessLog,
        storage: Storage | None = None,
    ) -> None:
        self._app = app
        self._nodes = nodes
        self._rules = rules
        self._log = log
        self._storage = storage or Storage()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["server"][1] == self._storage.port:
            await self._give_out(scope, receive, send)
            return
        ask = Ask(scope, self._nodes.get(scope["server"][1], ""))
        rules = self._rules.of(ask.kind)
        decision = None
        now_s = time.monotonic()
        if ask.kind is RequestKind.TOKEN:  # its record names the repository too
            receive = await ask.read_scopes(receive)
        if rules:
            decision = decide(rules, ask, now_s)
            if decision is not None:
                self._send_elsewhere(decision, ask)
        await self._carry_out(self._app, receive, Exchange(ask, send, decision, now_s))

    def _send_elsewhere(self, decision: Decision, ask: Ask) -> None:
        """Name the place that a redirecting rule sends the request to."""
        rule = decision.answer
        if rule is not None and isinstance(rule.act, Redirect):
            decision.headers.append(("location", self._storage.location(rule, ask)))

    async def _give_out(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the storage server's place: content, to who has a ticket for it."""
        now_s = time.monotonic()
        ticket = self._storage.ticket(scope)
        if ticket is None:
            await self._carry_out(refuse, receive, Exchange(Ask(scope, ""), send, None, now_s))
            return
        slow = [] if ticket.rule.gone.is_set() else [ticket.rule]
        decision = Decision(delays=slow, meters=slow)
        ask = Ask(admitted(scope, ticket), ticket.node)
        await self._carry_out(self._app, receive, Exchange(ask, send, decision, now_s))

    async def _carry_out(self, app: ASGIApp, receive: Receive, exchange: Exchange) -> None:
        try:
            if exchange.rule is not None:
                await exchange.answer(exchange.rule)
            else:
                async with exchange.turn():
                    await app(exchange.scope, receive, exchange.send)
        except AnswerEndedError:
            return
        except BrokenOffError:
            exchange.ended = "error"
        except Exception:  # the server answers it with 500, or hangs up
            exchange.status = exchange.status or 500
            exchange.ended = "error"
            raise
        finally:
            self._log.record(exchange)
