"""From a tag to a digest: containerd's HEAD, and the GETs it falls back to."""

from collections.abc import Generator

from harness.node.authorizer import Authorizer
from harness.node.commands import AttemptFailed, Command, Request
from harness.node.endpoint import Endpoint
from harness.node.exchange import Answer, exchange
from harness.node.manifests import Descriptor
from harness.node.texts import unexpected_status, with_registry_errors
from harness.oci.digest import digest_of, is_digest
from harness.oci.media_types import CONTAINERD_ACCEPT
from harness.seams import RequestKind

MANIFEST_BYTES_MAX = 4 * 1048 * 1048  # containerd: core/remotes/docker/resolver.go, as written
_DENIED = "pull access denied, repository does not exist or may require authorization: "

_FORBIDDEN = 403
_NOT_FOUND = 404
_ERROR_STATUS = 300


def resolve(endpoint: Endpoint, authorizer: Authorizer) -> Generator[Command, object, Descriptor]:
    """Ask what the image's tag or digest stands for. Raises AttemptFailed."""
    url = endpoint.url("manifests", endpoint.name.object)
    head = endpoint.request(
        RequestKind.MANIFEST,
        "HEAD",
        url,
        client=authorizer.client,
        headers={"Accept": ", ".join(CONTAINERD_ACCEPT)},
    )
    try:
        answer = yield from exchange(head, authorizer)
    except AttemptFailed as failure:
        if failure.text.endswith(("authorization failed", "no basic auth credentials")):
            raise AttemptFailed(_DENIED + failure.text, failure.code) from failure
        raise
    if answer.reply.status >= _ERROR_STATUS:
        yield from _refused(endpoint, authorizer, head, answer)
    return (yield from _descriptor(endpoint, authorizer, head, answer))


def _refused(
    endpoint: Endpoint, authorizer: Authorizer, head: Request, answer: Answer
) -> Generator[Command, object, None]:
    """Raise what the status says. After a 403, one GET asks for the registry's own words."""
    status = answer.reply.status
    if status == _NOT_FOUND:
        raise AttemptFailed(f"{endpoint.name}: not found", code="NotFound")
    text = unexpected_status(answer.method, answer.url, status)
    body = answer.reply.body
    if status == _FORBIDDEN and answer.method == "HEAD":  # containerd 2.3.3 and later
        told = yield from exchange(_by_get(endpoint, head), authorizer)
        body = told.reply.body
    raise AttemptFailed(with_registry_errors(text, body))


def _by_get(endpoint: Endpoint, head: Request) -> Request:
    return endpoint.request(
        RequestKind.MANIFEST, "GET", head.url, client=head.client, headers=head.headers
    )


def _descriptor(
    endpoint: Endpoint, authorizer: Authorizer, head: Request, answer: Answer
) -> Generator[Command, object, Descriptor]:
    headers = answer.reply.headers
    digest = endpoint.name.digest or headers.get("docker-content-digest", "")
    size_bytes = _content_length(headers.get("content-length", ""))
    if not digest or size_bytes < 0:
        answer = yield from exchange(_by_get(endpoint, head), authorizer)
        if answer.reply.status >= _ERROR_STATUS:
            text = unexpected_status(answer.method, answer.url, answer.reply.status)
            raise AttemptFailed(with_registry_errors(text, answer.reply.body))
        headers = answer.reply.headers
        size_bytes = len(answer.reply.body)
        digest = digest or digest_of(answer.reply.body)
    if not is_digest(digest):
        raise AttemptFailed(f'"{digest}" in header not a valid digest: invalid checksum digest')
    if size_bytes > MANIFEST_BYTES_MAX:
        raise AttemptFailed(
            f"rejecting {size_bytes} byte manifest for {endpoint.name}: not found", code="NotFound"
        )
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    return Descriptor(digest=digest, media_type=media_type, size_bytes=size_bytes)


def _content_length(text: str) -> int:
    return int(text) if text.isdecimal() else -1
