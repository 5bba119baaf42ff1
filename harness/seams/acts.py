"""What the gateway can do to a request: the words of its seam, as plain data.

The limits of the fields are checked where an act arrives at the gateway, not where it is made.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.oci.reference import is_host


def _require_host(text: str) -> str:
    if ":" in text or not is_host(text):
        raise ValueError("must be a host name without a port")
    return text


Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
WindowSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Status = Annotated[int, Field(ge=200, le=599)]  # RFC 9110, 15
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]  # RFC 9110, 5.6.2
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e\xa1-\xff\t]*$")]
Host = Annotated[str, AfterValidator(_require_host)]
Port = Annotated[int, Field(gt=0, lt=1 << 16)]
UrlPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]{0,200}$")]


@dataclass(frozen=True, kw_only=True)
class Respond:
    """Answer at once with this status, headers and body; the registry gets no request.

    `behind_login`: it is asked first by GET and HEAD, and its own 401 goes through, since who is
    not logged in learns nothing about content.
    """

    act: Literal["respond"] = "respond"
    status: Status
    headers: tuple[tuple[HeaderName, HeaderValue], ...] = ()
    body: str = ""
    behind_login: bool = False


@dataclass(frozen=True, kw_only=True)
class Hang:
    """Answer nothing. Who still waits when the rule ends gets no answer either, but a reset."""

    act: Literal["hang"] = "hang"


@dataclass(frozen=True, kw_only=True)
class RefuseToken:
    """Answer 401 with a fresh Bearer challenge, as to a token that has run out.

    `error` is the challenge's error attribute (`invalid_token`), left out when None.
    """

    act: Literal["refuse_token"] = "refuse_token"
    error: str | None = "invalid_token"


@dataclass(frozen=True, kw_only=True)
class Corrupt:
    """Flip `flip_bytes` bytes of the body at seeded places; length and headers stay right."""

    act: Literal["corrupt"] = "corrupt"
    flip_bytes: PositiveCount = 1


@dataclass(frozen=True, kw_only=True)
class Truncate:
    """End the body after `keep_share` of the content, under the full Content-Length.

    The place is one of the whole content: a range that begins behind it brings nothing.
    `ending`: `fin` closes in good order, `rst` resets the connection.
    """

    act: Literal["truncate"] = "truncate"
    keep_share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    ending: Literal["fin", "rst"] = "fin"


@dataclass(frozen=True, kw_only=True)
class Delay:
    """Hold every answer back for `first_byte_s` seconds before its first byte."""

    act: Literal["delay"] = "delay"
    first_byte_s: Seconds


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """Let `limit` requests pass in each `window_s` seconds (0: none), then answer 429.

    `retry_after_s` None sends no Retry-After. `headers`: "none", or "docker_hub" for its
    ratelimit-limit, ratelimit-remaining and docker-ratelimit-source on every counted answer.
    """

    act: Literal["rate_limit"] = "rate_limit"
    limit: Count
    window_s: WindowSeconds
    retry_after_s: int | None = None
    headers: Literal["none", "docker_hub"] = "none"
    message: str = "You have reached your pull rate limit."


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Change nothing, but count: the proof that a change at rest was met.

    `answers`: content that was sent whole or in part; anything that was found, also by HEAD; or
    404s.
    """

    act: Literal["watch"] = "watch"
    answers: Literal["content", "found", "missing"] = "content"


@dataclass(frozen=True, kw_only=True)
class SkewClock:
    """Judge bearer tokens by a clock that is `ahead_s` seconds ahead (behind when negative).

    A token that is not valid at that time, give or take `leeway_s`, is refused as invalid. Tokens
    that are no JWT say nothing about time and pass.
    """

    act: Literal["skew_clock"] = "skew_clock"
    ahead_s: Annotated[float, Field(allow_inf_nan=False)]
    leeway_s: Seconds = 0.0


@dataclass(frozen=True, kw_only=True)
class MisdirectToken:
    """Let the Bearer challenges of 401 answers name another realm.

    `host`, `port` and `path` replace that part of the realm's URL; None leaves it.
    """

    act: Literal["misdirect_token"] = "misdirect_token"
    host: Host | None = None
    port: Port | None = None
    path: UrlPath | None = None


@dataclass(frozen=True, kw_only=True)
class MislabelDigest:
    """Let Docker-Content-Digest say another digest, what is no digest, or be missing."""

    act: Literal["mislabel_digest"] = "mislabel_digest"
    says: Literal["another", "malformed", "missing"] = "another"


class OtherImage(StrEnum):
    """What a tag may name instead of its image."""

    OLDER = "older"  # the version before; another one where there is none
    NEWER = "newer"  # the version after; another one where there is none
    ANOTHER = "another"  # one that was never pushed: the same layers under another config
    NO_PLATFORM = "no_platform"  # an index without the requested platform
    WRONG_PLATFORM = "wrong_platform"  # the manifest of another platform, without an index
    # what is no manifest, although it is stored and named as one
    HTML = "html"
    OTHER_JSON = "json"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A manifest, index or config as text, and where it is found."""

    repository: str
    digest: str
    media_type: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Instead:
    """Answer requests by tag with other images: `tags` has repository, tag and another digest.

    What is no document is the registry's own. Documents are answered whenever they are asked for;
    with `alone` only in the share, where other manifests are unknown then: a replica of its own.
    The registry's own 401 goes through.
    """

    act: Literal["instead"] = "instead"
    tags: tuple[tuple[str, str, str], ...]
    documents: tuple[Document, ...] = ()
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Serve `at_once` requests at a time, each for `service_s` and what the registry needs.

    The others wait for their turn in order; with `waiting` in the queue already (None: any number)
    the next are answered 503.
    """

    act: Literal["queue"] = "queue"
    at_once: PositiveCount
    service_s: Seconds
    waiting: Count | None = None


@dataclass(frozen=True, kw_only=True)
class EgressQuota:
    """Serve `limit_bytes` of bodies in each `window_s`; what comes then is answered `status`.

    With `bytes_per_s` bodies come at that speed instead, also one that is under way.
    """

    act: Literal["egress_quota"] = "egress_quota"
    limit_bytes: Count
    window_s: WindowSeconds
    status: Literal[403, 429] = 429
    bytes_per_s: PositiveCount | None = None
    message: str = "egress quota exceeded"


@dataclass(frozen=True, kw_only=True)
class ShareRate:
    """Send the bodies of all answers together at `bytes_per_s`, in fair parts."""

    act: Literal["share_rate"] = "share_rate"
    bytes_per_s: PositiveCount


@dataclass(frozen=True, kw_only=True)
class ConnectionLimit:
    """Serve the `limit` oldest connections that are open, of each node or of all together.

    Requests on the others end in a reset, or are answered 503 and the connection is closed.
    """

    act: Literal["connection_limit"] = "connection_limit"
    limit: Count
    per: Literal["node", "all"] = "node"
    answer: Literal["reset", "503"] = "reset"


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Answer 307 to the gateway's storage server, which gives the content out after `first_byte_s`.

    It does so at `bytes_per_s` a request, and asks for no credentials: the URL is enough.
    """

    act: Literal["redirect"] = "redirect"
    first_byte_s: Seconds
    bytes_per_s: PositiveCount


Act = (
    Respond
    | RefuseToken
    | Corrupt
    | Truncate
    | Delay
    | RateLimit
    | Watch
    | SkewClock
    | MisdirectToken
    | MislabelDigest
    | Instead
    | Queue
    | EgressQuota
    | ShareRate
    | Hang
    | ConnectionLimit
    | Redirect
)
