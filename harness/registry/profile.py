"""What a registry says and allows, as data: `profiles/` has one file for each, with sources.

Only what clients see is here. How tokens are signed and content is kept is the same for all.
"""

from dataclasses import dataclass
from typing import Literal

from harness.oci.challenge import SERVICE
from harness.oci.errors import ErrorCode
from harness.oci.paths import TOKEN_PATH

ProfileName = Literal[
    "generic",
    "docker_hub",
    "ecr",
    "acr",
    "artifact_registry",
    "harbor",
    "ghcr",
    "quay",
]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer that says no, in the form of the specification, or as `plain` text.

    `message` "": the usual one of `code`. It may hold the fields that its place fills in, as
    `{repository}` and `{action}`. `error`: that attribute of a Bearer challenge.
    """

    status: int
    code: ErrorCode = ErrorCode.UNKNOWN
    message: str = ""
    challenge: Literal["none", "bearer", "basic"] = "none"
    error: str | None = None
    plain: bool = False


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What may be had; None: as much as is requested.

    `pulls`: manifests in each `window_s`, by account, or by address for nobody's.
    `requests_per_s`: all requests of all clients together, with a burst of one second's worth.
    `storage_bytes`: content of all repositories, each digest once. `tags`: in each repository.
    """

    pulls: int | None = None
    anonymous_pulls: int | None = None
    window_s: float = 6 * 3600.0
    requests_per_s: float | None = None
    storage_bytes: int | None = None
    tags: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is limited."""
        limited = (self.pulls, self.requests_per_s, self.storage_bytes, self.tags)
        return all(limit is None for limit in limited)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One registry's ways.

    `scheme`: how it wants to be logged in to; `accepts_basic`: user and password open it as well.
    `token_lifetime_s`: of the tokens, or with `scheme: basic` of the password.
    `post_status`: how a password grant by POST is answered; None: with a token.
    `missing`, `expired`, `denied`: no credentials, those that ran out, those that allow less.
    `wrong_login`, `nobody`: the token service to a wrong password and to one without any, None:
    it gives nobody a token that allows nothing.
    """

    name: ProfileName
    scheme: Literal["bearer", "basic"] = "bearer"
    accepts_basic: bool = False
    service: str = SERVICE
    basic_realm: str = SERVICE
    username: str = "harness"
    token_path: str = TOKEN_PATH
    token_lifetime_s: float
    token_fields: tuple[str, ...] = ("token", "access_token")  # of an answer to GET
    says_lifetime: bool = True  # whether that answer has expires_in
    post_status: int | None = None
    missing: Refusal = Refusal(status=401, code=ErrorCode.UNAUTHORIZED, challenge="bearer")
    expired: Refusal = Refusal(
        status=401, code=ErrorCode.UNAUTHORIZED, challenge="bearer", error="invalid_token"
    )
    denied: Refusal = Refusal(
        status=401, code=ErrorCode.UNAUTHORIZED, challenge="bearer", error="insufficient_scope"
    )
    wrong_login: Refusal = Refusal(
        status=401,
        code=ErrorCode.UNAUTHORIZED,
        message="incorrect username or password",
        challenge="basic",
    )
    nobody: Refusal | None = None
    limits: Limits = Limits()
    counts_head: bool = True  # whether asking for a manifest by HEAD is a pull
    rate_headers: Literal["none", "docker_hub"] = "none"
    too_many_pulls: Refusal | None = None  # None: as too many requests
    too_many_anonymous: Refusal | None = None  # the same to nobody, when it differs
    too_many_requests: Refusal = Refusal(status=429, code=ErrorCode.TOOMANYREQUESTS)
    storage_full: Refusal = Refusal(
        status=403,
        code=ErrorCode.DENIED,
        message="storage: {adding_bytes} bytes more do not fit: {used_bytes} of {limit_bytes} "
        "are used",
    )
    tags_full: Refusal = Refusal(
        status=403,
        code=ErrorCode.DENIED,
        message="tags: {repository} has {limit} tags, which is the most it may have",
    )

    @property
    def login_requests(self) -> int:
        """What a node that logs in sends more: the one that is challenged, and those for a token.

        Where POST is not offered it is tried before GET.
        """
        if self.scheme == "basic":
            return 1
        return 2 if self.post_status is None else 3

    def pulls_refusal(self, *, anonymous: bool) -> Refusal:
        """How it words that there were too many pulls."""
        own = self.too_many_anonymous if anonymous else None
        return own or self.too_many_pulls or self.too_many_requests


def rate_values(limit: float, window_s: float) -> dict[str, float]:
    """What refusals for a rate may fill in: when one more may pass, and how many in a minute."""
    rate = limit / window_s
    return {"retry_after_us": 1e6 / rate if rate else 0.0, "per_minute": rate * 60}
