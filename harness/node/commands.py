"""The words between the node rules and whoever carries them out.

A pull is a generator: it yields commands and is sent replies (`Request` gets `Reply` or
`TransportFailure`, `Together` gets a list of results, `Pause` gets None), returns a `PullResult`.
The rules never see a clock or a socket; a driver in real time (`load/`), one in virtual time and
a table in a test carry the same commands out. A driver never follows redirects, never adds
credentials and never retries: all of that is here.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.recording.outcome import Cause, Outcome
from harness.seams import RequestKind


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request.

    `url` is absolute (the registry's own, a token realm, or a redirect's target). `client` names
    the connection pool and authoriser: containerd's resolver and fetcher share neither.
    `sink`: "" keeps up to 4 MiB of the body in `Reply.body`; a digest hashes the body into the
    content of that digest, from `range_from` (0 starts afresh; a 200 to a request with
    `range_from` > 0 means: skip that many bytes, then go on hashing). The rules send the Range
    header themselves. `progress_timeout_s` 0: no limit.
    """

    kind: RequestKind
    method: str
    url: str
    client: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    body: bytes = b""  # what an upload sends
    sink: str = ""
    range_from: int = 0
    dial_timeout_s: float = 30.0
    header_timeout_s: float = 30.0
    room_bytes: int | None = None  # of a sink: what its disk takes; no more of it is read then
    progress_timeout_s: float = 300.0


class Ending(StrEnum):
    """How a body ended."""

    WHOLE = "whole"
    CUT = "cut"  # clean close before Content-Length
    RESET = "reset"
    NO_ROOM = "no_room"  # `room_bytes` were read, and there were more
    STALLED = "stalled"  # no byte for the whole pull in `progress_timeout_s`


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer whose headers arrived. Header names are lower case.

    `content_bytes` and `content_digest` are of the whole sink so far (all its ranges),
    `body_bytes` of this answer alone. `detail` is Go's wording of an ending that is not whole.
    Only a 200 or 206 goes to the sink; the body of any other status is kept in `body`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    body_bytes: int = 0
    content_bytes: int = 0
    content_digest: str = ""
    ending: Ending = Ending.WHOLE
    detail: str = ""


class Failing(StrEnum):
    """How a request failed before its headers arrived, and what Go's text then says."""

    DNS_NOT_FOUND = "dns_not_found"  # dial tcp: lookup h on S:53: no such host
    DNS_MISBEHAVING = "dns_misbehaving"  # dial tcp: lookup h on S:53: server misbehaving
    DNS_TIMEOUT = "dns_timeout"
    DIAL_REFUSED = "dial_refused"
    DIAL_TIMEOUT = "dial_timeout"
    RESET = "reset"  # read tcp a->b: read: connection reset by peer
    EOF = "eof"
    HEADER_TIMEOUT = "header_timeout"
    TLS_TIMEOUT = "tls_timeout"
    TLS_CERTIFICATE = "tls_certificate"
    TLS_PROTOCOL = "tls_protocol"  # the other side speaks no TLS, or refuses to go on
    NO_PROGRESS = "no_progress"
    MALFORMED = "malformed"  # an answer that is not HTTP, or a request that cannot be one
    REDIRECTS = "redirects"  # no driver's word: the rules stop after ten redirects


@dataclass(frozen=True, kw_only=True)
class TransportFailure:
    """A request without an answer; `detail` is Go's text after `Head "<url>": `."""

    failing: Failing
    detail: str


@dataclass(frozen=True, kw_only=True)
class Together:
    """Run these rules side by side; gets the list of what they returned, in their order.

    `limit` slots belong to the node: all its pulls share them, as in containerd since 2.1. A part
    that raises `AttemptFailed` ends the others (`close()` them); the error is then thrown into
    the rule that asked (`rule.throw(error)`). No part yields a `Together` of its own.
    """

    parts: tuple["Rule", ...]
    limit: int


class PauseReason(StrEnum):
    """What a pull waits for."""

    RETRY = "retry"
    LOCK = "lock"  # another pull of this node fetches the same content or token
    UNPACK = "unpack"


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Wait; `why` says to which part of the pull the time belongs."""

    seconds: float
    why: PauseReason = PauseReason.RETRY


Command = Request | Together | Pause
Rule = Generator[Command, Any, Any]


class AttemptFailed(Exception):  # noqa: N818  a failed attempt is an outcome, not an error of the harness
    """A pull cannot go on. `text` is the error as containerd words it, `code` is gRPC's."""

    def __init__(self, text: str, code: str = "Unknown") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a pull secret holds; a driver that pulls anonymously passes None instead."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PullResult:
    """How one attempt ended. `error_text` is what the CRI returns, as kubelet prints it.

    `digest` is what the image's name stood for: an index or a manifest.
    """

    outcome: Outcome
    cause: Cause = Cause.NONE
    error_text: str = ""
    blob_bytes: int = 0
    image_bytes: int = 0
    cached: bool = False
    digest: str = ""
