"""From what a node says to why it failed: one word for any kubelet or containerd error text."""

import re
from typing import Final

from harness.node.commands import Failing
from harness.oci.errors import parse_errors
from harness.recording.outcome import Cause
from harness.seams import RequestKind

# Quoted parts and URLs hold names that people chose; they say nothing about the cause.
_NAMES = re.compile(r'"[^"\n]*"|https?://[^\s"]+')

# The first row with a match decides, so the nearer cause stands before the wider one: a token that
# could not be fetched because of DNS is DNS, a quota that answers 403 is no wrong password.
_ROWS: Final[tuple[tuple[Cause, tuple[str, ...]], ...]] = (
    (
        Cause.DNS,
        (
            r"no such host",
            r"server misbehaving",
            r"lame referral",
            r"\blookup \S+( on \S+)?: ",
            r"in name resolution",
        ),
    ),
    (
        Cause.DIGEST,
        (
            r"unexpected commit (digest|size)",
            r"failed size validation",
            r"wrong diff id",
            r"invalid desc ",
            r"not a valid digest",
            r"failed to extract layer",
            r"content size of zero",
        ),
    ),
    (
        Cause.TLS,
        (
            r"\btls: ",
            r"x509: ",
            r"TLS handshake",
            r"server gave HTTP response to HTTPS client",
        ),
    ),
    (
        Cause.RATE,
        (
            r"429 Too Many",
            r"toomanyrequests",
            r"QPS exceeded",
            r"[Rr]ate exceeded",
            r"pull rate limit",
            r"ThrottlingException",
        ),
    ),
    (
        Cause.QUOTA,
        (
            r"[Qq]uota exceeded",
            r"exceed the configured upper limit",
            r"507 Insufficient Storage",
            r"no space left on device",
            r"disk quota",
            r"412 Precondition Failed",
            r"blocked by policy",
            r"due to configured policy",
        ),
    ),
    (
        Cause.TIMEOUT,
        (
            r"i/o timeout",
            r"timeout awaiting response headers",
            r"[Dd]eadline ?[Ee]xceeded",
            r"context canceled",
            r"code = Canceled",
            r"408 Request Timeout",
            r"Client\.Timeout",
            r"because of no progress",
        ),
    ),
    (
        Cause.AUTH_SERVICE,
        (
            r"failed to fetch \w+ token: unexpected status from \w+ request to:?\s+5\d\d",
            r"unable to decode token response",
        ),
    ),
    (
        Cause.AUTH,
        (
            r"401 Unauthorized",
            r"403 Forbidden",
            r"authorization failed",
            r"pull access denied",
            r"insufficient_scope",
            r"\bunauthorized\b",
            r"\bdenied\b",
            r"authorization token has expired",
            r"authentication required",
            r"did not include a token",
            r"no realm specified",
        ),
    ),
    (
        Cause.SERVER,
        (
            r"\b5\d\d [A-Z]",
            r"stopped after 10 redirects",
            r"unhandled content range",
            r"\bunavailable\b",
            r"malformed HTTP",
        ),
    ),
    (
        Cause.TCP,
        (
            r"connection refused",
            r"connection reset",
            r"broken pipe",
            r"no route to host",
            r"network is unreachable",
            r"\bEOF\b",
            r"short read: ",
            r"use of closed network connection",
            r"server closed idle connection",
        ),
    ),
    (
        Cause.MISSING,
        (
            r"\bnot found\b",
            r"404 Not Found",
            r"code = NotFound",
            r"manifest unknown",
            r"no match for platform",
            r"with pull policy of Never",
        ),
    ),
    (Cause.AUTH, (r"failed to authorize",)),
)
_PATTERNS: Final = tuple((cause, re.compile("|".join(texts))) for cause, texts in _ROWS)


def classify(error_text: str) -> Cause:
    """Why, from the text of an event, a waiting message or a CRI error.

    `Cause.NONE` for an empty text, `Cause.UNKNOWN` for one that says nothing known.
    """
    if not error_text:
        return Cause.NONE
    text = _NAMES.sub("", error_text)
    for cause, pattern in _PATTERNS:
        if pattern.search(text):
            return cause
    return Cause.UNKNOWN


_FAILING: Final = {
    Failing.DNS_NOT_FOUND: Cause.DNS,
    Failing.DNS_MISBEHAVING: Cause.DNS,
    Failing.DNS_TIMEOUT: Cause.DNS,
    Failing.DIAL_REFUSED: Cause.TCP,
    Failing.DIAL_TIMEOUT: Cause.TIMEOUT,
    Failing.RESET: Cause.TCP,
    Failing.EOF: Cause.TCP,
    Failing.HEADER_TIMEOUT: Cause.TIMEOUT,
    Failing.TLS_TIMEOUT: Cause.TLS,
    Failing.TLS_CERTIFICATE: Cause.TLS,
    Failing.TLS_PROTOCOL: Cause.TLS,
    Failing.NO_PROGRESS: Cause.TIMEOUT,
    Failing.MALFORMED: Cause.SERVER,
    Failing.REDIRECTS: Cause.SERVER,
}


def cause_of_failing(failing: Failing) -> Cause:
    """Why a request got no answer."""
    return _FAILING[failing]


_STATUSES: Final = {
    401: Cause.AUTH,
    403: Cause.AUTH,
    404: Cause.MISSING,
    408: Cause.TIMEOUT,
    429: Cause.RATE,
    507: Cause.QUOTA,
}
_FIRST_ERROR = 400
_STATUS_OF_RATE = 429
_FIRST_SERVER_ERROR = 500


def cause_of_status(status: int, kind: RequestKind) -> Cause:
    """Why a request of `kind` got an answer that is an error; `Cause.NONE` below 400."""
    if status < _FIRST_ERROR:
        return Cause.NONE
    if status in _STATUSES:
        return _STATUSES[status]
    if status < _FIRST_SERVER_ERROR:
        return Cause.UNKNOWN
    return Cause.AUTH_SERVICE if kind is RequestKind.TOKEN else Cause.SERVER


def cause_of_answer(status: int, body: bytes, kind: RequestKind) -> Cause:
    """Why a request got this error; a registry that is full says so only in its body."""
    if status >= _FIRST_ERROR and any("quota" in it.message.lower() for it in parse_errors(body)):
        return Cause.RATE if status == _STATUS_OF_RATE else Cause.QUOTA
    return cause_of_status(status, kind)
