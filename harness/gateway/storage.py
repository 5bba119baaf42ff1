"""Storage as object stores give it out: a URL that is enough by itself, on a port of its own.

The gateway sends a client there with a ticket in the URL. Whoever brings the ticket gets that one
content, as if with the credentials of the request that was redirected.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from starlette.types import Receive, Scope, Send

from harness.gateway.request import GatewayRequest

_REFUSAL = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
)
_TICKETS_MAX = 10_000
_TICKET = "ticket"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What a redirected request may have: the content at `path`, paced by the rule `rule`."""

    rule: str
    node: str
    path: str
    authorization: bytes | None


class Storage:
    """`port`: where the storage server listens; 0 for none."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()

    def location(self, rule: str, request: GatewayRequest) -> str:
        """The redirect's URL: the host that `request` came to, another port, and a ticket."""
        headers = dict(request.scope["headers"])
        name = secrets.token_urlsafe(24)
        self._tickets[name] = Ticket(
            rule=rule,
            node=request.node,
            path=request.path,
            authorization=headers.get(b"authorization"),
        )
        if len(self._tickets) > _TICKETS_MAX:
            self._tickets.popitem(last=False)
        host = urlsplit(f"//{str(headers.get(b'host', b''), 'latin-1')}").hostname or "127.0.0.1"
        place = f"[{host}]" if ":" in host else host
        origin = f"{request.scope['scheme']}://{place}:{self.port}"
        return f"{origin}{quote(request.path)}?{_TICKET}={name}"

    def ticket(self, scope: Scope) -> Ticket | None:
        """The ticket that a request brings for what it asks."""
        names = parse_qs(str(scope["query_string"], "latin-1")).get(_TICKET, [""])
        ticket = self._tickets.get(names[0])
        fits = ticket is not None and (scope["path"], scope["method"]) == (ticket.path, "GET")
        return ticket if fits else None


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as an object store does to a URL that it has not signed."""
    del receive
    body = _REFUSAL if scope["method"] != "HEAD" else b""
    headers = [
        (b"content-type", b"application/xml"),
        (b"content-length", b"%d" % len(_REFUSAL)),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def admitted(scope: Scope, ticket: Ticket) -> Scope:
    """The request as the registry shall see it: with the credentials of the one before."""
    headers = [it for it in scope["headers"] if it[0] != b"authorization"]
    if ticket.authorization is not None:
        headers.append((b"authorization", ticket.authorization))
    return {**scope, "headers": headers, "query_string": b""}
