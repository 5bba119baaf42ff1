"""Who may use the control API: no web page, and nobody without the token where there is one."""

import hmac
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from harness.link.body import ApiError

_LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "::1")


def refuse_foreign(headers: Mapping[bytes, bytes], *, token: str) -> None:
    """Raise ApiError (403, 401) for a request that the harness cannot have sent.

    `token`: the bearer token that it must carry, "" for none.
    """
    host = headers.get(b"host", b"").decode("latin-1")
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if name.strip("[]").lower() not in _LOOPBACK_NAMES:
        raise ApiError(f"Host {host!r} not allowed", HTTPStatus.FORBIDDEN, plain=True)
    if b"origin" in headers:
        raise ApiError("Origin not allowed", HTTPStatus.FORBIDDEN, plain=True)
    if headers.get(b"user-agent", b"").startswith(b"Mozilla/"):
        raise ApiError("User agent not allowed", HTTPStatus.FORBIDDEN, plain=True)
    sent = headers.get(b"authorization", b"").decode("latin-1").encode()
    if token and not hmac.compare_digest(sent, f"Bearer {token}".encode()):
        raise ApiError("the link's bearer token is missing or wrong", HTTPStatus.UNAUTHORIZED)
