"""The gateway: ASGI middleware in front of a registry."""

import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.gateway.access import AccessLog
from harness.gateway.ask import Ask
from harness.gateway.exchange import AnswerEndedError, BrokenOffError, Exchange
from harness.gateway.rules import Rules, decide
from harness.seams import RequestKind


class Gateway:
    """Tells nodes apart by the port they came to; one that is not known is called `""`."""

    def __init__(
        self, app: ASGIApp, *, nodes: Mapping[int, str], rules: Rules, log: AccessLog
    ) -> None:
        self._app = app
        self._nodes = nodes
        self._rules = rules
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ask = Ask(scope, self._nodes.get(scope["server"][1], ""))
        rules = self._rules.of(ask.kind)
        decision = None
        now_s = time.monotonic()
        if rules:
            if ask.kind is RequestKind.TOKEN:
                receive = await ask.read_scopes(receive)
            decision = decide(rules, ask, now_s)
        exchange = Exchange(ask, send, decision, now_s)
        try:
            if decision is not None and decision.answer is not None:
                await exchange.answer(decision.answer)
            else:
                if decision is not None and decision.path is not None:
                    path = decision.path
                    scope = {**scope, "path": path, "raw_path": path.encode()}
                await self._app(scope, receive, exchange.send)
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
