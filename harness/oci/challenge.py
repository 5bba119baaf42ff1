"""The Bearer challenge of a registry that wants a token.

distribution: docs/content/spec/auth/token.md.
"""

from collections.abc import MutableMapping
from typing import Any

from harness.oci.paths import TOKEN_PATH
from harness.oci.reference import is_host

SERVICE = "harness-registry"


def realm_of(scope: MutableMapping[str, Any], path: str = TOKEN_PATH) -> str:
    """The token service's address as the client of this ASGI `scope` reaches it.

    The Host header is the client's own word: repeated when well-formed, else the socket's address.
    """
    host = next((str(it, "latin-1") for name, it in scope["headers"] if name == b"host"), "")
    if not is_host(host):
        address, port = scope["server"]
        host = f"{address}:{port}"
    return f"{scope['scheme']}://{host}{path}"


def pull_scope(repository: str, actions: str = "pull") -> str:
    return f"repository:{repository}:{actions}"


def bearer_challenge(
    *, realm: str, scope: str, error: str | None = None, service: str = SERVICE
) -> str:
    """The value of WWW-Authenticate. `error`: invalid_token, insufficient_scope or None."""
    parts = [f'realm="{realm}"', f'service="{service}"']
    if scope:
        parts.append(f'scope="{scope}"')
    if error is not None:
        parts.append(f'error="{error}"')
    return "Bearer " + ",".join(parts)
