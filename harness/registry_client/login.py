"""Logging in to a registry that asks for it: Basic, or a token from the challenge's realm."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import httpx

from harness.oci.challenge import Challenge, parse_challenge
from harness.oci.tokens import basic_authorization, read_usable_token
from harness.registry_client.ask_error import AskError, Failure

_TOKEN_CHARACTERS: Final = 64 << 10  # servers take no longer headers
_TOKENS_KEPT: Final = 1000  # repositories come one after the other
_EARLY_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user name and password; both "" for nobody."""

    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        if not self.username:
            return {}
        return {"Authorization": basic_authorization(self.username, self.password)}


# Asks a token service at a URL with these headers: the status and the body of its answer.
AskTokens = Callable[[httpx.URL, dict[str, str]], Awaitable[tuple[int, bytes]]]


class Authorizer:
    """Keeps a token for each scope of the registry at `base`."""

    def __init__(self, base: httpx.URL, login: Login) -> None:
        self._base = base
        self._login = login
        self._challenge: Challenge | None = None
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = asyncio.Lock()

    async def headers(self, scope: str, ask: AskTokens) -> dict[str, str]:
        """The login for `scope`, empty before any challenge. Raises AskError, httpx.HTTPError."""
        if self._challenge is None or self._challenge.scheme == "basic":
            return self._login.headers if self._challenge else {}
        async with self._lock:
            token, until_s = self._tokens.get(scope, ("", 0.0))
            if time.monotonic() >= until_s:
                if len(self._tokens) > _TOKENS_KEPT:
                    self._tokens.clear()
                token, lifetime_s = await self._token(self._challenge, scope, ask)
                self._tokens[scope] = token, time.monotonic() + lifetime_s
        return {"Authorization": f"Bearer {token}"}

    def challenged(self, answer: httpx.Response, scope: str) -> None:
        """Take the challenge of a 401. Raises AskError when it cannot be answered."""
        challenge = parse_challenge(answer.headers.get("www-authenticate", ""))
        if challenge is None:
            said = "401 without a challenge that can be answered"
            raise AskError(Failure.CREDENTIALS, said)
        if challenge.scheme == "basic" and not self._login.username:
            said = "wants a user name and password, none were given"
            raise AskError(Failure.CREDENTIALS, said)
        self._challenge = challenge
        self._tokens.pop(scope, None)

    async def _token(self, challenge: Challenge, scope: str, ask: AskTokens) -> tuple[str, float]:
        """A token, and how long it may be used."""
        realm = challenge.parameters.get("realm", "")
        place = self._base.join(realm)
        if not realm or place.scheme not in ("http", "https") or not place.host:
            raise AskError(Failure.MALFORMED, f"the challenge's realm is {realm[:200]!r}")
        host = place.netloc.decode("ascii")
        if (self._base.scheme, place.scheme) == ("https", "http") and self._login.username:
            said = f"its realm {host} would get the password in clear"
            raise AskError(Failure.CREDENTIALS, said)
        asked = place.copy_merge_params(challenge.token_query(scope))
        status, body = await ask(asked, self._login.headers)
        if status != httpx.codes.OK:
            who = repr(self._login.username) if self._login.username else "nobody"
            said = f"{host} gives {who} no token: GET {place.path}: {status}"
            raise AskError(Failure.CREDENTIALS, said)
        try:
            given = read_usable_token(body)
        except ValueError:
            raise AskError(Failure.MALFORMED, f"{host} answers with no token") from None
        if (length := len(given.token)) > _TOKEN_CHARACTERS:
            said = f"{host} answers with a token of {length} bytes"
            raise AskError(Failure.MALFORMED, said)
        return given.token, max(1.0, given.lifetime_s - _EARLY_S)
