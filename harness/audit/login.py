"""Logging in to a registry that asks for it: Basic, or a token from the challenge's realm."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from harness.audit.findings import Check, TroubleError
from harness.oci.challenge import Challenge, parse_challenge
from harness.oci.tokens import basic_authorization, read_usable_token

CATALOG_SCOPE: Final = "registry:catalog:*"
_TOKEN_BYTES: Final = 1 << 20
_TOKEN_CHARACTERS: Final = 64 << 10  # servers take no longer headers
_EARLY_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user name and password; both "" for nobody."""

    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def basic(self) -> httpx.BasicAuth | None:
        return httpx.BasicAuth(self.username, self.password) if self.username else None


@dataclass
class Authorizer:
    """Keeps a token for each scope. `secure`: the registry speaks TLS, so its realm must too."""

    client: httpx.AsyncClient
    login: Login
    secure: bool
    _challenge: Challenge | None = None
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def header(self, scope: str) -> dict[str, str]:
        """The Authorization header for `scope`, empty before any challenge.

        Raises TroubleError, httpx.HTTPError.
        """
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":
            login = basic_authorization(self.login.username, self.login.password)
            return {"Authorization": login}
        async with self._lock:
            token, until_s = self._tokens.get(scope, ("", 0.0))
            if time.monotonic() >= until_s:
                if len(self._tokens) > 1000:  # noqa: PLR2004  repositories come one after the other
                    self._tokens.clear()
                token, lifetime_s = await self._fetch(self._challenge, scope)
                self._tokens[scope] = token, time.monotonic() + lifetime_s
        return {"Authorization": f"Bearer {token}"}

    def challenged(self, answer: httpx.Response, scope: str) -> None:
        """Take the challenge of a 401. Raises TroubleError when it cannot be answered."""
        challenge = parse_challenge(answer.headers.get("www-authenticate", ""))
        if challenge is None:
            raise TroubleError(Check.CREDENTIALS, "401 without a challenge that can be answered")
        if challenge.scheme == "basic" and self.login.basic is None:
            raise TroubleError(Check.CREDENTIALS, "wants a user name and password, none were given")
        self._challenge = challenge
        self._tokens.pop(scope, None)

    async def _fetch(self, challenge: Challenge, scope: str) -> tuple[str, float]:
        realm = challenge.parameters.get("realm", "")
        place = urlsplit(realm)
        if place.scheme not in ("http", "https") or not place.netloc:
            raise TroubleError(Check.MALFORMED, f"the challenge's realm is {realm[:200]!r}")
        if self.secure and place.scheme == "http" and self.login.username:
            raise TroubleError(
                Check.CREDENTIALS, f"its realm {place.netloc} would get the password in clear"
            )
        asked = httpx.URL(realm).copy_merge_params(challenge.token_query(scope))
        async with self.client.stream("GET", asked, auth=self.login.basic) as answer:
            body = await bounded(answer, _TOKEN_BYTES)
        if answer.status_code != httpx.codes.OK:
            who = f"{self.login.username!r}" if self.login.username else "nobody"
            said = f"{place.netloc} gives {who} no token: {answer.status_code}"
            raise TroubleError(Check.CREDENTIALS, said)
        return _token(body, place.netloc)


def _token(body: bytes, host: str) -> tuple[str, float]:
    """The token of an answer, and how long it may be used."""
    try:
        given = read_usable_token(body)
    except ValueError:
        raise TroubleError(Check.MALFORMED, f"{host} answers with no token") from None
    if (length := len(given.token)) > _TOKEN_CHARACTERS:
        raise TroubleError(Check.MALFORMED, f"{host} answers with a token of {length} bytes")
    return given.token, max(1.0, given.lifetime_s - _EARLY_S)


async def bounded(answer: httpx.Response, limit_bytes: int) -> bytes:
    """The body as it was sent. Raises TroubleError when it is longer than the limit."""
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > limit_bytes:
            said = f"{answer.request.url.path[:200]}: a body of more than {limit_bytes} bytes"
            raise TroubleError(Check.MALFORMED, said)
    return bytes(body)
