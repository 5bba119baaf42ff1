"""The token service's rules: who gets which token, and what a token allows; no I/O.

distribution: docs/content/spec/auth/token.md and oauth.md. A request for more than the account may
do gets a narrower token, never an error.
"""

import hmac
import secrets
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import jwt
from jwt.types import Options

from harness.oci.challenge import SERVICE
from harness.oci.reference import is_repository
from harness.process.clock import monotonic_s, utc_now

Access = dict[str, frozenset[str]]  # actions by repository

ACTIONS: Final = frozenset({"pull", "push", "delete"})
CATALOG: Final = "registry:catalog"  # its key in Access; no repository's name has a colon
REFRESH_LIFETIME_S: Final = 24 * 3600
_ALGORITHM: Final = "HS256"
_REMEMBERED: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Account:
    """The one account of this registry."""

    username: str
    password: str

    def admits(self, username: str, password: str) -> bool:
        """Whether these are its credentials; takes the same time for every wrong guess."""
        names = hmac.compare_digest(username.encode(), self.username.encode())
        return hmac.compare_digest(password.encode(), self.password.encode()) and names


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a verified token allows, until `expires_s` on the monotonic clock."""

    subject: str  # "" for nobody
    access: Access
    expires_s: float

    def allows(self, repository: str, action: str) -> bool:
        return action in self.access.get(repository, ())


class TokenService:
    """Signs with a secret that lives as long as this object.

    Lifetimes are kept on the monotonic clock, so that a stepped wall clock ends no token early.
    """

    def __init__(
        self, account: Account | None, *, lifetime_s: float, anonymous_pull: bool = False
    ) -> None:
        self.account = account
        self.lifetime_s = lifetime_s
        self._anonymous = frozenset({"pull"}) if anonymous_pull else frozenset[str]()
        self._secret = secrets.token_bytes(32)
        self._epoch_s = utc_now().timestamp() - monotonic_s()
        self._password_ends_s = monotonic_s() + lifetime_s
        self._grants: dict[str, Grant] = {}

    def issue(self, subject: str | None, scopes: Iterable[str]) -> str:
        """A token for `subject` (None: anonymous) with what it may have of `scopes`."""
        allowed = self._anonymous if subject is None else ACTIONS | {"*"}
        access = {name: wanted & allowed for name, wanted in read_scopes(scopes).items()}
        token = self._sign(
            {
                "sub": subject or "",
                "access": [
                    {"type": "repository", "name": name, "actions": sorted(actions)}
                    for name, actions in access.items()
                    if actions
                ],
            },
            self.lifetime_s,
            "access",
        )
        expires_s = monotonic_s() + self.lifetime_s
        self._remember(token, Grant(subject=subject or "", access=access, expires_s=expires_s))
        return token

    def issue_refresh(self, subject: str) -> str:
        """What `subject` may show later instead of its password."""
        return self._sign({"sub": subject}, REFRESH_LIFETIME_S, "refresh")

    def refreshed_subject(self, token: str) -> str | None:
        """Whose refresh token this is; None for an expired or foreign one."""
        claims = self._read(token, "refresh")
        return None if claims is None else str(claims["sub"])

    def verify(self, token: str) -> Grant | None:
        """What `token` allows; None for one that has run out or is not ours."""
        grant = self._grants.get(token)
        if grant is None:
            claims = self._read(token, "access")
            if claims is None:
                return None
            grant = Grant(
                subject=claims["sub"],
                access={it["name"]: frozenset(it["actions"]) for it in claims["access"]},
                expires_s=claims["exp"] - self._epoch_s,
            )
            self._remember(token, grant)
        return grant if monotonic_s() < grant.expires_s else None

    def _remember(self, token: str, grant: Grant) -> None:
        if len(self._grants) >= _REMEMBERED:
            self._grants.clear()
        self._grants[token] = grant

    @property
    def admits_nobody(self) -> bool:
        """Whether tokens without a login may pull."""
        return bool(self._anonymous)

    def password_ended(self) -> bool:
        """Whether the password is as old as a token may become, where it is one (ECR)."""
        return monotonic_s() >= self._password_ends_s

    def now_s(self) -> float:
        """Wall time that goes on evenly from when this service began."""
        return self._epoch_s + monotonic_s()

    def _sign(self, claims: Mapping[str, Any], lifetime_s: float, use: str) -> str:
        now_s = self.now_s()
        times = {"iat": int(now_s), "nbf": int(now_s), "exp": now_s + lifetime_s}
        names = {"iss": SERVICE, "aud": SERVICE, "use": use, "jti": secrets.token_hex(8)}
        return jwt.encode({**claims, **times, **names}, self._secret, algorithm=_ALGORITHM)

    def _read(self, token: str, use: Literal["access", "refresh"]) -> dict[str, Any] | None:
        checks: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], audience=SERVICE, options=checks
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return None
        if claims.get("use") != use or claims["exp"] <= self.now_s():
            return None
        return claims


def read_scopes(scopes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Actions by repository from `repository:NAME:pull,push`; what is not such is passed over."""
    wanted: dict[str, frozenset[str]] = {}
    for scope in " ".join(scopes).split():
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        if scope == f"{CATALOG}:*":
            wanted[CATALOG] = frozenset("*")
        elif kind == "repository" and is_repository(name):
            asked = frozenset(actions.split(","))
            asked = ACTIONS if "*" in asked else asked & ACTIONS
            wanted[name] = wanted.get(name, frozenset()) | asked
    return wanted


def read_basic(authorization: str) -> tuple[str, str] | None:
    """User name and password of a Basic header; None for a malformed or other one."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, found, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (username, password) if found else None
