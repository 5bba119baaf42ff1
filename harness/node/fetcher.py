"""How containerd gets content by digest: from where it stopped, and only what has the digest."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

from harness.node.authorizer import Authorizer
from harness.node.commands import (
    AttemptFailed,
    Command,
    Ending,
    Pause,
    PauseReason,
    Reply,
    Request,
)
from harness.node.endpoint import Endpoint
from harness.node.exchange import exchange
from harness.node.image_store import Lease
from harness.node.manifest_choice import Descriptor
from harness.node.texts import no_space, unexpected_status, with_registry_errors, zero_size
from harness.oci.digest import digest_of
from harness.oci.media_types import INDEXES, MANIFESTS
from harness.seams import RequestKind

# containerd: core/remotes/docker/httpreadseeker.go, maxRetry; counted without a byte between.
_CUTS_WITHOUT_PROGRESS_MAX = 3
# containerd: core/content/helpers.go, OpenWriter: doubles from 16 ms to 2048 ms, drawn evenly; the
# mean of the draw is used here.
_LOCK_POLL_FIRST_S = 0.008
_LOCK_POLL_MAX_S = 1.024

_NOT_FOUND = 404
_PARTIAL = 206
_ERROR_STATUS = 300


@dataclass(kw_only=True)
class _Got:
    """What has arrived of one descriptor, of which `room_bytes` find room on the disk."""

    wanted: Descriptor
    keep_document: bool
    room_bytes: int
    size_bytes: int = 0
    digest: str = ""
    document: bytes = b""


@dataclass
class Fetcher:
    """The fetching half of one pull. `blob_bytes` counts what arrived of config and layers."""

    endpoints: Sequence[Endpoint]
    authorizer: Authorizer
    lease: Lease
    blob_bytes: int = field(default=0, init=False)

    def fetch(
        self, wanted: Descriptor, *, keep_document: bool = False
    ) -> Generator[Command, object, bool]:
        """Make the node hold `wanted`; returns whether anything was downloaded.

        `keep_document`: the bytes are needed afterwards (manifest, index, config). Raises
        AttemptFailed.
        """
        if wanted.size_bytes == 0:
            raise AttemptFailed(zero_size(wanted.digest), code="InvalidArgument")
        content = self.lease.content
        poll_s = _LOCK_POLL_FIRST_S
        while wanted.digest not in content:
            if content.lock(wanted.digest):
                room_bytes = content.take_room(wanted.size_bytes)
                got = _Got(wanted=wanted, keep_document=keep_document, room_bytes=room_bytes)
                try:
                    yield from self._download(got)
                except BaseException:
                    content.give_room(room_bytes)  # what was written of it is removed
                    raise
                finally:
                    content.unlock(wanted.digest)
                self.lease.add(wanted.digest, got.document if keep_document else None, room_bytes)
                return True
            yield Pause(seconds=poll_s, why=PauseReason.LOCK)
            poll_s = min(2 * poll_s, _LOCK_POLL_MAX_S)
        self.lease.add(wanted.digest)
        return False

    def _download(self, got: _Got) -> Generator[Command, object, _Got]:
        cuts = 0
        while True:
            before = got.size_bytes
            try:
                reply = yield from self._open(got)
            except AttemptFailed as failure:
                if before or cuts:
                    raise _short_read(got) from failure
                raise AttemptFailed(
                    f"failed to copy: httpReadSeeker: failed open: {failure.text}", failure.code
                ) from failure
            _take(got, reply)
            if got.room_bytes < got.wanted.size_bytes and got.size_bytes >= got.room_bytes:
                raise self._no_space(got)
            if reply.ending is not Ending.CUT or got.size_bytes >= got.wanted.size_bytes:
                break
            cuts = 1 if got.size_bytes > before else cuts + 1
            if cuts > _CUTS_WITHOUT_PROGRESS_MAX:
                break
        _raise_if_broken(reply)
        _verify(got)
        return got

    def _open(self, got: _Got) -> Generator[Command, object, Reply]:
        """The reply of the first host that has the body from where it stopped.

        Raises AttemptFailed with what the first host said (core/remotes/docker/fetcher.go).
        """
        first: AttemptFailed | None = None
        for endpoint in self.endpoints:
            try:
                return (yield from self._open_at(endpoint, got))
            except AttemptFailed as failure:
                first = first or failure
        assert first is not None, "an image has at least one host"
        raise first

    def _open_at(self, endpoint: Endpoint, got: _Got) -> Generator[Command, object, Reply]:
        wanted, offset = got.wanted, got.size_bytes
        is_manifest = wanted.media_type in MANIFESTS | INDEXES
        url = endpoint.url("manifests" if is_manifest else "blobs", wanted.digest)
        headers = {"Accept": f"{wanted.media_type or '*/*'}, */*"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        request = endpoint.request(
            RequestKind.MANIFEST if is_manifest else RequestKind.BLOB,
            "GET",
            url,
            client=self.authorizer.client,
            headers=headers,
            sink="" if got.keep_document else wanted.digest,
            range_from=offset,
        )
        if got.room_bytes < wanted.size_bytes:
            request = replace(request, room_bytes=got.room_bytes)
        answer = yield from exchange(request, self.authorizer, last_host=endpoint.is_last)
        reply = answer.reply
        if not is_manifest:
            self.blob_bytes += reply.body_bytes if reply.status < _ERROR_STATUS else 0
        if reply.status == _NOT_FOUND:
            raise _not_found(wanted, request, is_manifest=is_manifest)
        if reply.status >= _ERROR_STATUS:
            text = unexpected_status(answer.method, answer.url, reply.status)
            raise AttemptFailed(with_registry_errors(text, reply.body))
        content_range = reply.headers.get("content-range", "")
        if offset and content_range and not content_range.startswith(f"bytes {offset}-"):
            raise AttemptFailed(f"unhandled content range in response: {content_range}")
        return reply

    def _no_space(self, got: _Got) -> AttemptFailed:
        self.lease.content.without_room += 1
        return AttemptFailed(no_space(got.wanted.ref))


def _not_found(wanted: Descriptor, request: Request, *, is_manifest: bool) -> AttemptFailed:
    if is_manifest:
        return AttemptFailed(f"content at {request.url} not found: not found", code="NotFound")
    return AttemptFailed(
        f"could not fetch content descriptor {wanted.digest} ({wanted.media_type}) "
        "from remote: not found",
        code="NotFound",
    )


def _take(got: _Got, reply: Reply) -> None:
    """Add what `reply` brought. A 200 to a Range request repeats what is there already."""
    if not got.keep_document:
        got.size_bytes, got.digest = reply.content_bytes, reply.content_digest
        return
    fresh = reply.body if reply.status == _PARTIAL else reply.body[got.size_bytes :]
    got.document += fresh
    got.size_bytes = len(got.document)
    got.digest = digest_of(got.document)


def _raise_if_broken(reply: Reply) -> None:
    if reply.ending is Ending.RESET:
        raise AttemptFailed(f"failed to copy: {reply.detail}")
    if reply.ending is Ending.STALLED:
        raise AttemptFailed("failed to copy: context canceled", code="Canceled")


def _short_read(got: _Got) -> AttemptFailed:
    return AttemptFailed(
        f"short read: expected {got.wanted.size_bytes} bytes but got {got.size_bytes}: "
        "unexpected EOF"
    )


def _verify(got: _Got) -> None:
    """Size first, then digest, as containerd's store commits (core/content)."""
    wanted = got.wanted
    if got.size_bytes < wanted.size_bytes:
        raise _short_read(got)
    failed = f'failed commit on ref "{wanted.ref}": '
    if got.size_bytes > wanted.size_bytes:
        raise AttemptFailed(
            f'{failed}"{wanted.ref}" failed size validation: '
            f"{got.size_bytes} != {wanted.size_bytes}: failed precondition",
            code="FailedPrecondition",
        )
    if got.digest != wanted.digest:
        raise AttemptFailed(
            f"{failed}unexpected commit digest {got.digest}, expected {wanted.digest}: "
            "failed precondition",
            code="FailedPrecondition",
        )
