"""Tokens before an application that asks for none: what passes, and what is refused."""

import asyncio
import json
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from harness.registry.guard import Guard
from harness.registry.tokens import Account, TokenService


async def asked(
    guard: Guard, path: str, query: str = "", authorization: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a GET."""
    headers = [(b"host", b"r"), (b"authorization", authorization.encode())]
    sent: list[Message] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "server": ("127.0.0.1", 5000),
        "path": path,
        "query_string": query.encode(),
        "headers": headers if authorization else headers[:1],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await guard(scope, receive, send)
    named = {str(name, "latin-1"): str(value, "latin-1") for name, value in sent[0]["headers"]}
    return sent[0]["status"], named, sent[-1]["body"]


def test_only_a_token_for_the_repository_comes_through() -> None:
    """A challenge, a token for the account, the application's answer, and another repository."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"through", "more_body": False})

    async def main() -> None:
        tokens = TokenService(
            Account(username="u", password="p"), lifetime_s=60, anonymous_pull=False
        )
        guard = Guard(application, tokens)
        status, headers, _ = await asked(guard, "/v2/app/manifests/v1")
        assert status == 401
        assert headers["www-authenticate"].startswith('Bearer realm="http://r/token"')
        basic = "Basic dTpw"  # u:p
        status, _, body = await asked(guard, "/token", "scope=repository:app:pull", basic)
        bearer = f"Bearer {json.loads(body)['token']}"
        status, _, body = await asked(guard, "/v2/app/manifests/v1", authorization=bearer)
        assert (status, body) == (200, b"through")
        status, _, _ = await asked(guard, "/v2/other/manifests/v1", authorization=bearer)
        assert status == 401
        status, _, _ = await asked(guard, "/token", "", "Basic dTp4")
        assert status == 401

    asyncio.run(main())
