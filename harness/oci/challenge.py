"""The challenge of a registry that wants a login: written and read.

distribution: docs/content/spec/auth/token.md.
"""

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from harness.oci.paths import TOKEN_PATH
from harness.oci.reference import is_host

SERVICE = "harness-registry"
_HEADER_CHARACTERS = 8 << 10  # a longer challenge is nobody's, and would keep the patterns busy
_SCHEME = re.compile(r"(?:^|,)\s*(Bearer|Basic)\b", re.IGNORECASE)
_PARAMETER = re.compile(r'(?<![a-zA-Z_])([a-zA-Z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


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


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A WWW-Authenticate header: its scheme in lower case and its parameters."""

    scheme: str
    parameters: Mapping[str, str]

    def token_query(self, scope: str = "") -> dict[str, str]:
        """What the token service is asked: for `scope`, or for the challenge's own."""
        service, own = (self.parameters.get(key, "") for key in ("service", "scope"))
        asked = {"service": service, "scope": scope or own}
        return {key: value for key, value in asked.items() if value}


def parse_challenge(header: str) -> Challenge | None:
    """The challenge containerd answers: Bearer before Basic; None when there is neither."""
    header = header[:_HEADER_CHARACTERS]
    found = {match[1].lower(): match for match in reversed(list(_SCHEME.finditer(header)))}
    match = found.get("bearer") or found.get("basic")
    if match is None:
        return None
    following = _SCHEME.search(header, match.end())
    rest = header[match.end() : following.start() if following else None]
    parameters = {
        name.lower(): quoted.replace('\\"', '"') or bare
        for name, quoted, bare in _PARAMETER.findall(rest)
    }
    return Challenge(scheme=match[1].lower(), parameters=parameters)
