"""Tokens before a registry that has no token service of its own."""

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.registry.gate import Gate, give_token
from harness.registry.refusal import RefusalError
from harness.registry.request import Call, ClientGoneError
from harness.registry.tokens import TokenService


class Guard:
    """Lets a request with a right token through to `app`, and gives tokens out."""

    def __init__(self, app: ASGIApp, tokens: TokenService) -> None:
        self._app = app
        self._tokens = tokens
        self._gate = Gate(tokens)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = Call(scope, receive, send)
        try:
            if call.route.endpoint == "token":
                await give_token(self._tokens, call)
                return
            self._gate.require(call)
        except RefusalError as error:
            await call.refuse(error)
            return
        except ClientGoneError:
            return
        await self._app(scope, receive, send)
