"""From a tag to a digest: containerd's HEAD, and the GETs it falls back to."""

from collections.abc import Generator, Sequence

from harness.node.authorizer import Authorizer
from harness.node.commands import AttemptFailed, Command, Request
from harness.node.endpoint import Endpoint
from harness.node.exchange import AnsweredRequest, exchange
from harness.node.manifest_choice import Descriptor
from harness.node.texts import unexpected_status, with_registry_errors
from harness.oci.digest import digest_of, is_digest
from harness.oci.media_types import CONTAINERD_ACCEPT
from harness.seams import RequestKind

MANIFEST_BYTES_MAX = 4 * 1048 * 1048  # containerd: core/remotes/docker/resolver.go, as written
_DENIED = "pull access denied, repository does not exist or may require authorization: "

# What is reported when several hosts failed: the highest of these, and the first of its kind
# (core/remotes/docker/resolver.go, firstErrPriority).
_NO_ANSWER, _ABSENT, _REFUSED, _OVERSIZED = 1, 2, 3, 4

_FORBIDDEN = 403
_NOT_FOUND = 404
_ERROR_STATUS = 300


class _HostFailed(AttemptFailed):
    """This host cannot answer; the next is tried. `rank`: how much this failure explains."""

    def __init__(self, rank: int, text: str, code: str = "Unknown") -> None:
        super().__init__(text, code)
        self.rank = rank


def resolve(
    endpoints: Sequence[Endpoint], authorizer: Authorizer
) -> Generator[Command, object, Descriptor]:
    """Ask one host after another what the image's tag or digest stands for.

    Raises AttemptFailed.
    """
    worst: _HostFailed | None = None
    for endpoint in endpoints:
        try:
            return (yield from _resolve_at(endpoint, authorizer))
        except _HostFailed as failure:
            if worst is None or failure.rank > worst.rank:
                worst = failure
    assert worst is not None, "an image has at least one host"
    raise worst


def _resolve_at(
    endpoint: Endpoint, authorizer: Authorizer
) -> Generator[Command, object, Descriptor]:
    url = endpoint.url("manifests", endpoint.name.object)
    head = endpoint.request(
        RequestKind.MANIFEST,
        "HEAD",
        url,
        client=authorizer.client,
        headers={"Accept": ", ".join(CONTAINERD_ACCEPT)},
    )
    try:
        answer = yield from exchange(head, authorizer, last_host=endpoint.is_last)
    except AttemptFailed as failure:
        denied = failure.text.endswith(("authorization failed", "no basic auth credentials"))
        text = _DENIED + failure.text if denied else failure.text
        raise _HostFailed(_NO_ANSWER, text, failure.code) from failure
    if answer.reply.status >= _ERROR_STATUS:
        yield from _refused(endpoint, authorizer, head, answer)
    return (yield from _descriptor(endpoint, authorizer, head, answer))


def _refused(
    endpoint: Endpoint, authorizer: Authorizer, head: Request, answer: AnsweredRequest
) -> Generator[Command, object, None]:
    """Raise what the status says. After a 403, one GET asks for the registry's own words."""
    status = answer.reply.status
    if status == _NOT_FOUND:
        raise _HostFailed(_ABSENT, f"{endpoint.name}: not found", code="NotFound")
    text = unexpected_status(answer.method, answer.url, status)
    body = answer.reply.body
    if status == _FORBIDDEN and answer.method == "HEAD":  # containerd 2.3.3 and later
        repeated = yield from exchange(
            _by_get(endpoint, head), authorizer, last_host=endpoint.is_last
        )
        body = repeated.reply.body
    raise _HostFailed(_REFUSED, with_registry_errors(text, body))


def _by_get(endpoint: Endpoint, head: Request) -> Request:
    return endpoint.request(
        RequestKind.MANIFEST, "GET", head.url, client=head.client, headers=head.headers
    )


def _descriptor(
    endpoint: Endpoint, authorizer: Authorizer, head: Request, answer: AnsweredRequest
) -> Generator[Command, object, Descriptor]:
    headers = answer.reply.headers
    digest = endpoint.name.digest or headers.get("docker-content-digest", "")
    size_bytes = _content_length(headers.get("content-length", ""))
    if not digest or size_bytes < 0:
        get = _by_get(endpoint, head)
        answer = yield from exchange(get, authorizer, last_host=endpoint.is_last)
        if answer.reply.status >= _ERROR_STATUS:
            text = unexpected_status(answer.method, answer.url, answer.reply.status)
            raise AttemptFailed(with_registry_errors(text, answer.reply.body))
        headers = answer.reply.headers
        size_bytes = len(answer.reply.body)
        digest = digest or digest_of(answer.reply.body)
    if not is_digest(digest):
        raise AttemptFailed(f'"{digest}" in header not a valid digest: invalid checksum digest')
    if size_bytes > MANIFEST_BYTES_MAX:
        text = f"rejecting {size_bytes} byte manifest for {endpoint.name}: not found"
        raise _HostFailed(_OVERSIZED, text, code="NotFound")
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    return Descriptor(digest=digest, media_type=media_type, size_bytes=size_bytes)


def _content_length(text: str) -> int:
    return int(text) if text.isdecimal() else -1
