"""What the control API sends: content as JSON, errors as JSON or plain, an id in each."""

import asyncio
from typing import Any

import pytest

from harness.link.body import ApiError, Message
from harness.link.response import send_content, send_error

ERROR = b'{"error": "proxy not found", "status": 404}\n'


class Sent:
    """An ASGI `send` that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])


@pytest.mark.parametrize(
    ("status", "content", "body", "headers"),
    [
        (
            200,
            {"a": 1},
            b'{"a": 1}',
            {b"content-type": b"application/json", b"content-length": b"8"},
        ),
        (200, b"{}\n", b"{}\n", {b"content-type": b"application/json", b"content-length": b"3"}),
        (204, None, b"", {}),
    ],
)
def test_content_is_json(
    status: int, content: Any, body: bytes, headers: dict[bytes, bytes]
) -> None:
    """No content is no body, and 204 has no length either."""
    sent = Sent()
    asyncio.run(send_content(sent, status, content))
    assert [sent.messages[0]["status"], sent.messages[1]["body"]] == [status, body]
    found = sent.headers
    assert len(found.pop(b"x-toxiproxy-request-id")) == 20
    assert found == headers


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ApiError("proxy not found", 404), ERROR),
        (ApiError("User agent not allowed", 403, plain=True), b"User agent not allowed\n"),
        (ApiError("", 405, plain=True), b""),
    ],
)
def test_an_error_is_text_that_no_browser_takes_for_a_page(error: ApiError, body: bytes) -> None:
    """JSON under `text/plain`, or plain words."""
    sent = Sent()
    asyncio.run(send_error(sent, error))
    assert [sent.messages[0]["status"], sent.messages[1]["body"]] == [error.status, body]
    assert sent.headers.get(b"content-type", b"text/plain; charset=utf-8").startswith(b"text/plain")
    assert (b"x-content-type-options" in sent.headers) == bool(body)
