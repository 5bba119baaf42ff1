"""How the control API answers: Toxiproxy's headers, its JSON, and its errors.

Errors are JSON under `text/plain`, as Go's `http.Error` sends them; what the middleware and the
router of Toxiproxy refuse is plain text.
"""

import json
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from harness.link.body import ApiError, Message

Send = Callable[[Message], Awaitable[None]]

_REQUEST_ID_BYTES: Final = 10  # twenty characters, as Toxiproxy's


async def send_content(send: Send, status: int, content: Any) -> None:
    """Answer with `content` as JSON, or with its bytes, which are JSON; None is no body."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    await _send(
        send, status, b"" if content is None else body, [(b"content-type", b"application/json")]
    )


async def send_error(send: Send, error: ApiError) -> None:
    """Answer with an error in Toxiproxy's form."""
    text = error.message
    if not error.plain:
        text = json.dumps({"error": text, "status": error.status})
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await _send(send, error.status, f"{text}\n".encode() if text else b"", headers)


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    sent = [(b"x-toxiproxy-request-id", secrets.token_hex(_REQUEST_ID_BYTES).encode())]
    if body:
        sent += headers
    if status != HTTPStatus.NO_CONTENT:
        sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": int(status), "headers": sent})
    await send({"type": "http.response.body", "body": body})
