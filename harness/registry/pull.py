"""Manifests and blobs on their way out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from harness.oci.digest import is_digest
from harness.oci.errors import ErrorCode
from harness.oci.reference import is_tag
from harness.registry.content_store import CHUNK_BYTES, ContentStore
from harness.registry.index import Index, Repository
from harness.registry.ranges import Span, UnsatisfiableError, requested
from harness.registry.refusal import RefusalError
from harness.registry.request import Call

_IN_FLIGHT_BYTES = 32 << 20  # of all downloads together: what slow clients can make us hold
_SMALLEST_CHUNK_BYTES = 64 << 10
_REMEMBERED_BYTES = 64 << 20


class _Remembered(NamedTuple):
    identity: tuple[int, int, int]
    content: bytes


class Manifests:
    """Manifests by digest, kept in memory as long as their file is the same."""

    def __init__(self, content: ContentStore) -> None:
        self._content = content
        self._known: dict[str, _Remembered] = {}
        self._bytes = 0

    def read(self, digest: str) -> bytes:
        """The manifest as it is stored now. Raises FileNotFoundError."""
        stat = os.stat(self._content.path(digest))  # noqa: PTH116  the hot path
        identity = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        known = self._known.get(digest)
        if known is not None and known.identity == identity:
            return known.content
        content = self._content.read(digest)
        if self._bytes + len(content) > _REMEMBERED_BYTES:
            self._known.clear()
            self._bytes = 0
        self._known[digest] = _Remembered(identity, content)
        self._bytes += len(content)
        return content


class Pull:
    """GET and HEAD of manifests and blobs."""

    def __init__(self, content: ContentStore, index: Index) -> None:
        self._content = content
        self._index = index
        self._manifests = Manifests(content)
        self._downloads = 0

    async def manifest(self, call: Call) -> None:
        _, name, reference = call.route
        repository = known_repository(self._index, name)
        digest = resolve(repository, reference)
        media_type = repository.manifests[digest]
        if not _accepted(call.headers(b"accept"), media_type):
            raise RefusalError(
                ErrorCode.MANIFEST_UNKNOWN, f"manifest is {media_type}, which Accept does not name"
            )
        try:
            content = self._manifests.read(digest)
        except FileNotFoundError:
            raise _manifest_unknown(reference) from None
        await call.start(
            200,
            [
                (b"content-type", media_type.encode()),
                (b"content-length", b"%d" % len(content)),
                (b"docker-content-digest", digest.encode()),
            ],
        )
        await call.send_body(content)

    async def blob(self, call: Call) -> None:
        _, name, digest = call.route
        if not is_digest(digest):
            raise RefusalError(ErrorCode.DIGEST_INVALID, f"digest {digest[:80]!r} is malformed")
        if not self._index.has_blob(name, digest):
            raise _blob_unknown(digest)
        try:
            with self._content.opened(digest) as (descriptor, size):
                await self._send_blob(call, digest, descriptor, size)
        except FileNotFoundError:
            raise _blob_unknown(digest) from None

    async def _send_blob(self, call: Call, digest: str, descriptor: int, size: int) -> None:
        span = self._span(call, size)
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"docker-content-digest", digest.encode()),
            (b"accept-ranges", b"bytes"),
        ]
        if span is None:
            await call.start(200, [*headers, (b"content-length", b"%d" % size)])
            span = Span(0, size - 1)
        else:
            place = b"bytes %d-%d/%d" % (span.first, span.last, size)
            length = (b"content-length", b"%d" % span.length)
            await call.start(206, [*headers, (b"content-range", place), length])
        if call.method == "HEAD":
            await call.send_body(b"")
        else:
            await self.send_span(call, descriptor, span)

    def _span(self, call: Call, size: int) -> Span | None:
        header = call.header(b"range")
        if not header or call.method == "HEAD":  # RFC 9110, 14.2: Range is for GET
            return None
        try:
            return requested(header, size)
        except UnsatisfiableError:
            raise RefusalError(
                ErrorCode.RANGE_INVALID,
                f"range {header[:80]!r} cannot be had of {size} bytes",
                headers=(("Content-Range", f"bytes */{size}"),),
            ) from None

    async def send_span(self, call: Call, descriptor: int, span: Span) -> None:
        """The bytes of an open blob as a body."""
        offset, end = span.first, span.last + 1
        with self._counted():
            while True:
                chunk = os.pread(descriptor, min(self._chunk_bytes(), end - offset), offset)
                offset += len(chunk)
                more = bool(chunk) and offset < end
                await call.send_body(chunk, more=more)
                if not more:
                    return

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._downloads += 1
        try:
            yield
        finally:
            self._downloads -= 1

    def _chunk_bytes(self) -> int:
        """Large for speed, smaller when many clients could each leave one unread."""
        return max(_SMALLEST_CHUNK_BYTES, min(CHUNK_BYTES, _IN_FLIGHT_BYTES // self._downloads))


def known_repository(index: Index, name: str) -> Repository:
    """Raises RefusalError when there is none of this name."""
    repository = index.repository(name)
    if repository is None:
        raise RefusalError(
            ErrorCode.NAME_UNKNOWN, f"repository {name} is not known", detail={"name": name}
        )
    return repository


def resolve(repository: Repository, reference: str) -> str:
    """The digest of the manifest that a tag or digest names. Raises RefusalError."""
    digest = repository.tags.get(reference)
    if digest is None and reference in repository.manifests:
        digest = reference
    if digest is not None:
        return digest
    if ":" in reference and not is_digest(reference):
        raise RefusalError(ErrorCode.DIGEST_INVALID, f"digest {reference[:80]!r} is malformed")
    if ":" not in reference and not is_tag(reference):
        raise RefusalError(
            ErrorCode.TAG_INVALID, f"tag {reference[:200]!r} is malformed", status=404
        )
    raise _manifest_unknown(reference)


@lru_cache(maxsize=256)
def _accepted(accept: str, media_type: str) -> bool:
    """Whether an Accept header admits this type; a missing one admits all."""
    ranges = {part.partition(";")[0].strip().lower() for part in accept.split(",")} - {""}
    return not ranges or not ranges.isdisjoint({media_type.lower(), "*/*", "application/*"})


def _manifest_unknown(reference: str) -> RefusalError:
    return RefusalError(
        ErrorCode.MANIFEST_UNKNOWN, "manifest unknown", detail={"reference": reference}
    )


def _blob_unknown(digest: str) -> RefusalError:
    return RefusalError(
        ErrorCode.BLOB_UNKNOWN, "blob unknown to registry", detail={"digest": digest}
    )
