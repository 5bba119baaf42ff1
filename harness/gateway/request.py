"""A request as rules see it."""

from collections.abc import Mapping
from typing import cast
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope

from harness.gateway.client_connection import EXTENSION, Connection
from harness.oci.paths import Endpoint, route
from harness.seams import RequestKind

_KINDS: Mapping[Endpoint, RequestKind] = {
    "ping": RequestKind.PING,
    "manifest": RequestKind.MANIFEST,
    "blob": RequestKind.BLOB,
    "token": RequestKind.TOKEN,
    "tags": RequestKind.TAGS,
    "upload": RequestKind.UPLOAD,
    "referrers": RequestKind.REFERRERS,
    "catalog": RequestKind.OTHER,
    "other": RequestKind.OTHER,
}
_FORM_BYTES = 64 << 10


class GatewayRequest:
    """`repositories`: the one in the path, or those in the scopes of a token request."""

    __slots__ = ("kind", "method", "node", "path", "reference", "repositories", "scope")

    def __init__(self, scope: Scope, node: str) -> None:
        self.scope = scope
        self.node = node
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        endpoint, repository, self.reference = route(self.path)
        self.kind = _KINDS[endpoint]
        self.repositories: tuple[str, ...] = (repository,)

    @property
    def connection(self) -> Connection:
        """The connection that it came on."""
        return cast("Connection", self.scope["extensions"][EXTENSION])

    @property
    def authenticated(self) -> bool:
        return any(name == b"authorization" for name, _ in self.scope["headers"])

    @property
    def key(self) -> str:
        """The same for whatever asks the same again; upload sessions have random names."""
        path = self.path
        if self.kind is RequestKind.UPLOAD and self.reference:
            path = path.removesuffix(self.reference)
        return f"{self.method} {path} {self.node}"

    async def read_scopes(self, receive: Receive) -> Receive:
        """Learn a token request's repositories; returns what the registry shall receive from."""
        pairs = str(self.scope["query_string"], "latin-1")
        if self.method == "POST":
            messages, body = await _peek(receive)
            pairs += "&" + str(body, "latin-1")
            receive = _replay(messages, receive)
        scopes = " ".join(value for name, value in parse_qsl(pairs) if name == "scope").split()
        self.repositories = tuple(
            scope.removeprefix("repository:").rpartition(":")[0] for scope in scopes
        )
        return receive


async def _peek(receive: Receive) -> tuple[list[Message], bytes]:
    messages: list[Message] = []
    body = b""
    while len(body) <= _FORM_BYTES:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return messages, body


def _replay(messages: list[Message], receive: Receive) -> Receive:
    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again
