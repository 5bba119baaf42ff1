"""The gateway: ASGI middleware in front of a registry."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.gateway.access_log import AccessLog
from harness.gateway.exchange import (
    NO_PATH,
    AnswerEndedError,
    BrokenOffError,
    Exchange,
    Path,
)
from harness.gateway.network import Network
from harness.gateway.request import GatewayRequest
from harness.gateway.rules import Decision, Rules, decide
from harness.gateway.storage import admitted, refuse
from harness.process.clock import monotonic_s
from harness.seams import RequestKind


class Gateway:
    """Tells nodes apart by the port they came to; one that is not known is called `""`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        nodes: Mapping[int, str],
        rules: Rules,
        log: AccessLog,
        network: Network | None = None,
    ) -> None:
        self._app = app
        self._nodes = nodes
        self._rules = rules
        self._log = log
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["server"][1] == self._rules.storage.port:
            await self._give_out(scope, receive, send)
            return
        request = GatewayRequest(scope, self._nodes.get(scope["server"][1], ""))
        now_s = monotonic_s()
        if request.kind is RequestKind.TOKEN:  # its record names the repository too
            receive = await request.read_scopes(receive)
        network = self._network
        if network is None or not network.concerns(request):
            await self._serve(request, receive, send, now_s)
            return
        async with network.served(request) as not_before_s:
            path = Path(
                lanes=network.lanes(request.node),
                sharing=network.sharing,
                not_before_s=not_before_s,
            )
            if request.connection.closing:  # the client did not wait for its turn
                self._log.record(Exchange(request, send, None, now_s))
                return
            await self._serve(request, receive, send, now_s, path)

    async def _serve(
        self,
        request: GatewayRequest,
        receive: Receive,
        send: Send,
        came_s: float,
        path: Path = NO_PATH,
    ) -> None:
        rules = self._rules.of(request.kind)
        decision = decide(rules, request, monotonic_s()) if rules else None
        exchange = Exchange(request, send, decision, came_s, path=path)
        await self._carry_out(self._app, receive, exchange)

    async def _give_out(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the storage server's place: content, to who has a ticket for it."""
        now_s = monotonic_s()
        ticket = self._rules.storage.ticket(scope)
        if ticket is None:
            stranger = GatewayRequest(scope, "")
            await self._carry_out(refuse, receive, Exchange(stranger, send, None, now_s))
            return
        rule = self._rules.named(ticket.rule)
        decision = Decision(rules=[] if rule.gone.is_set() else [rule])
        request = GatewayRequest(admitted(scope, ticket), ticket.node)
        path = NO_PATH
        if self._network is not None and self._network.concerns(request):
            lanes = self._network.lanes(ticket.node, of_registry=False)
            path = Path(lanes=lanes, sharing=self._network.sharing)
        exchange = Exchange(request, send, decision, now_s, path=path)
        await self._carry_out(self._app, receive, exchange)

    async def _carry_out(self, app: ASGIApp, receive: Receive, exchange: Exchange) -> None:
        try:
            if exchange.answering is not None:
                await exchange.answer(exchange.answering)
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
