"""One blob pushed as a client does it: POST for a place, PUT with everything, then closed."""

from collections.abc import Generator
from hashlib import sha256
from urllib.parse import urlencode, urljoin, urlsplit

from harness.node.authorizer import Authorizer
from harness.node.causes import cause_of_answer, classify
from harness.node.commands import AttemptFailed, Command, Credentials, PullResult, Request
from harness.node.exchange import AnsweredRequest, exchange
from harness.oci.challenge import pull_scope
from harness.oci.errors import parse_errors
from harness.recording.outcome import Cause, Outcome
from harness.seams import RequestKind

_CLIENT = "pusher"
_CREATED, _ACCEPTED = 201, 202


class _Refused(AttemptFailed):
    def __init__(self, cause: Cause, text: str) -> None:
        super().__init__(text)
        self.cause = cause


def push(
    blob: bytes, *, registry_url: str, repository: str, credentials: Credentials | None
) -> Generator[Command, object, PullResult]:
    """Push `blob` to `repository`. The error text names no query: it may hold an upload's state."""
    scope = pull_scope(repository, "pull,push")
    authorizer = Authorizer(client=_CLIENT, credentials=credentials, scope=scope)
    place = f"{registry_url}/v2/{repository}/blobs/uploads/"
    digest = f"sha256:{sha256(blob).hexdigest()}"
    try:
        begun = yield from _ask("POST", place, b"", _ACCEPTED, authorizer)
        location = urljoin(place, begun.reply.headers.get("location", place))
        joint = "&" if urlsplit(location).query else "?"
        closed = f"{location}{joint}{urlencode({'digest': digest})}"
        yield from _ask("PUT", closed, blob, _CREATED, authorizer)
    except AttemptFailed as failure:
        cause = failure.cause if isinstance(failure, _Refused) else classify(failure.text)
        return PullResult(outcome=Outcome.FAILED, cause=cause, error_text=failure.text)
    return PullResult(outcome=Outcome.OK, blob_bytes=len(blob))


def _ask(
    method: str, url: str, body: bytes, wanted: int, authorizer: Authorizer
) -> Generator[Command, object, AnsweredRequest]:
    request = Request(kind=RequestKind.UPLOAD, method=method, url=url, client=_CLIENT, body=body)
    answer = yield from exchange(request, authorizer)
    status = answer.reply.status
    if status != wanted:
        said = "; ".join(f"{it.code}: {it.message}" for it in parse_errors(answer.reply.body))
        text = f"{method} {urlsplit(url).path}: {status}{said and f' {said}'}"
        raise _Refused(cause_of_answer(status, answer.reply.body, request.kind), text)
    return answer
