"""Where a request goes and how it is written; refuses what Go refuses to send."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from harness.node.commands import Failing, Request, TransportFailure

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_WITH_BODY: Final = ("POST", "PUT", "PATCH")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE_REFUSED = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_IN_A_TARGET: Final = "!$%&'()*+,/:;=?@~[]"  # all that may stand there as it is


@dataclass(frozen=True, kw_only=True)
class Place:
    """A URL taken apart: what is dialled, what the Host header says, what is asked for."""

    host: str
    port: int
    authority: str
    target: str
    tls: bool


class UnsendableError(ValueError):
    """A request that cannot be sent: its URL or a header is not one. `failure` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.failure = TransportFailure(failing=Failing.MALFORMED, detail=detail)


@lru_cache(maxsize=4096)
def place_of(url: str) -> Place:
    """Take `url` apart; registries choose it (realms, redirects). Raises UnsendableError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UnsendableError(f"invalid URL: {error}") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise UnsendableError(f'unsupported protocol scheme "{parts.scheme}"')
    if not parts.hostname:
        raise UnsendableError("http: no Host in request URL")
    authority = parts.netloc.rpartition("@")[2]
    if _CONTROL.search(authority) or not authority.isascii():
        raise UnsendableError("invalid character in host name")
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    return Place(
        host=parts.hostname,
        port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        authority=authority,
        target=quote(target, safe=_IN_A_TARGET),
        tls=parts.scheme == "https",
    )


def written(request: Request, place: Place) -> bytes:
    """`request` as it goes out. Raises UnsendableError for a header no request may have."""
    body = request.body
    lines = [f"{request.method} {place.target} HTTP/1.1", f"Host: {place.authority}"]
    for name, value in request.headers.items():
        if _HEADER_VALUE_REFUSED.search(value) or not _HEADER_NAME.fullmatch(name):
            raise UnsendableError(f'net/http: invalid header field value for "{name}"')
        lines.append(f"{name}: {value}")
    if request.form is not None:
        body = urlencode(request.form).encode()
        if not any(name.lower() == "content-type" for name in request.headers):
            lines.append("Content-Type: application/x-www-form-urlencoded")
    if body or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
    return head + body if body else head
