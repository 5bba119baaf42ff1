"""One request of a pull, as often as containerd sends it: redirects, credentials, retries."""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from harness.node.commands import (
    AttemptFailed,
    Command,
    Failing,
    Pause,
    Reply,
    Request,
    TransportFailure,
)
from harness.node.texts import transport_error

# containerd 2.3.2 and later: core/remotes/docker/resolver.go; answers and transport errors
# share it.
REQUESTS_PER_OPERATION_MAX = 5
# The same file: a transient transport error is tried again this much later.
TRANSPORT_RETRY_S = 0.05
# The same file, CheckRedirect.
REDIRECTS_MAX = 10

_RETRIED_AT_ONCE = frozenset({408, 429})
_RETRIED_ONCE = frozenset({500, 503, 504})  # stops when the same code comes twice in a row
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_METHOD_NOT_ALLOWED = 405
_UNAUTHORIZED = 401

# Go wraps these as context.DeadlineExceeded (net/net.go, net/http/client.go), which containerd
# excludes from its transient errors, and which gRPC reports by name.
_DEADLINES = frozenset({Failing.DIAL_TIMEOUT, Failing.HEADER_TIMEOUT})
# A look-up that the 30 s dial limit ended names no server (net/dnsclient_unix.go).
_LOOKUP_PAST_DIAL_LIMIT = re.compile(r"lookup \S+: i/o timeout")
_TRANSIENT = frozenset({Failing.EOF, Failing.TLS_TIMEOUT, Failing.DNS_TIMEOUT})


@dataclass(frozen=True, kw_only=True)
class AnsweredRequest:
    """A reply with the method and URL that it answers, after redirects."""

    method: str
    url: str
    reply: Reply


class Authorising(Protocol):
    """What an exchange needs of an authoriser."""

    def headers(self, url: str) -> Generator[Command, object, Mapping[str, str]]: ...

    def challenged(self, answers: list[AnsweredRequest]) -> bool: ...


def is_deadline(failure: TransportFailure) -> bool:
    """Whether Go reports this failure as context.DeadlineExceeded."""
    if failure.failing is Failing.DNS_TIMEOUT:
        return _LOOKUP_PAST_DIAL_LIMIT.search(failure.detail) is not None
    return failure.failing in _DEADLINES


def is_transient(failure: TransportFailure) -> bool:
    """Whether containerd sends the request again; refused and reset it does not."""
    return failure.failing in _TRANSIENT and not is_deadline(failure)


def failed_request(request: Request, failure: TransportFailure, prefix: str) -> AttemptFailed:
    """The end of an attempt that got no answer; `prefix` is what containerd puts before."""
    if failure.failing is Failing.NO_PROGRESS:
        text = transport_error(request.method, request.url, "context canceled")
        return AttemptFailed(prefix + text, code="Canceled")
    text = transport_error(request.method, request.url, failure.detail)
    return AttemptFailed(
        prefix + text, code="DeadlineExceeded" if is_deadline(failure) else "Unknown"
    )


def follow(
    request: Request,
) -> Generator[Command, object, tuple[Request, Reply | TransportFailure]]:
    """Send `request` and follow its redirects as Go's client does; returns the last of both."""
    sent = request
    for _ in range(REDIRECTS_MAX):
        outcome = yield sent
        assert isinstance(outcome, Reply | TransportFailure)
        if isinstance(outcome, TransportFailure) or outcome.status not in _REDIRECTS:
            return sent, outcome
        location = outcome.headers.get("location", "")
        if not location:
            return sent, outcome
        sent = _redirected(request, sent, urljoin(sent.url, location), outcome.status)
    stopped = TransportFailure(
        failing=Failing.REDIRECTS, detail=f"stopped after {REDIRECTS_MAX} redirects"
    )
    return sent, stopped


def _redirected(first: Request, last: Request, url: str, status: int) -> Request:
    headers = dict(first.headers)
    if not _keeps_credentials(urlsplit(first.url).hostname, urlsplit(url).hostname):
        headers.pop("Authorization", None)
    if last.method == "POST" and status not in (307, 308):
        return replace(last, method="GET", url=url, headers=headers, form=None)
    return replace(last, url=url, headers=headers)


def _keeps_credentials(first: str | None, target: str | None) -> bool:
    """Go: net/http/client.go, shouldCopyHeaderOnRedirect: the same host or one below it."""
    return first is not None and target is not None and f".{target}".endswith(f".{first}")


def exchange(
    request: Request, authoriser: Authorising, *, last_host: bool = True
) -> Generator[Command, object, AnsweredRequest]:
    """Send `request` until containerd would take the answer as it is.

    Broken connections and server errors are retried only at the `last_host`. Raises
    AttemptFailed without an answer and when the authoriser gives up; an error status is an answer.
    """
    answers: list[AnsweredRequest] = []
    for sent in range(1, REQUESTS_PER_OPERATION_MAX + 1):
        credentials = yield from authoriser.headers(request.url)
        last, outcome = yield from follow(
            replace(request, headers={**request.headers, **credentials})
        )
        if isinstance(outcome, TransportFailure):
            again = last_host and is_transient(outcome)
            if not again or sent == REQUESTS_PER_OPERATION_MAX:
                raise failed_request(last, outcome, "failed to do request: ")
            yield Pause(seconds=TRANSPORT_RETRY_S)
            continue
        answer = AnsweredRequest(method=last.method, url=last.url, reply=outcome)
        answers.append(answer)
        if sent == REQUESTS_PER_OPERATION_MAX or not _again(
            answers, authoriser, last_host=last_host
        ):
            return answer
        if outcome.status == _METHOD_NOT_ALLOWED:
            request = replace(request, method="GET")
    raise AssertionError("the last of the requests always ends an exchange")


def _again(answers: list[AnsweredRequest], authoriser: Authorising, *, last_host: bool) -> bool:
    """Whether the request is sent once more after these answers."""
    status = answers[-1].reply.status
    if status == _UNAUTHORIZED:
        return authoriser.challenged(answers)
    if status == _METHOD_NOT_ALLOWED:
        # Registries without HEAD for manifests get a GET instead.
        return answers[-1].method == "HEAD"
    if status in _RETRIED_ONCE:
        return last_host and (len(answers) == 1 or answers[-2].reply.status != status)
    return status in _RETRIED_AT_ONCE
