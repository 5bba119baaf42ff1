"""Blobs and manifests on their way in, and their deletion."""

from harness.oci.digest import HEX_CHARACTERS, digest_of, is_digest
from harness.oci.errors import ErrorCode
from harness.oci.reference import is_tag
from harness.registry.content_store import ContentStore
from harness.registry.gate import Gate
from harness.registry.index import Index
from harness.registry.pull import known_repository, resolve
from harness.registry.pushed_manifests import MANIFEST_BYTES, Manifest, read_manifest
from harness.registry.quotas import Quotas
from harness.registry.ranges import chunk
from harness.registry.refusal import RefusalError
from harness.registry.request import Call
from harness.registry.uploads import Upload, Uploads


class Push:
    """POST, PATCH, PUT and DELETE. `gate` None: everybody may mount from everywhere."""

    def __init__(
        self,
        content: ContentStore,
        index: Index,
        uploads: Uploads,
        gate: Gate | None,
        quotas: Quotas | None = None,
    ) -> None:
        self._content = content
        self._index = index
        self._uploads = uploads
        self._gate = gate
        self._quotas = quotas

    async def begin(self, call: Call) -> None:
        """POST: a new session, a whole blob with `digest`, or another repository's with `mount`."""
        name, query = call.route.repository, call.query
        if mount := query.get("mount"):
            _require_digest(mount)
            if self._can_mount(call, mount, query.get("from", "")):
                self._index.add_blobs(name, [mount])
                await _created(call, f"/v2/{name}/blobs/{mount}", mount)
                return
        digest = query.get("digest")
        if digest is not None:
            _require_digest(digest)
            self._uploads.require_room(call.length_bytes() or 0)
            upload = self._uploads.begin(name, digest.partition(":")[0])
            await self._complete(call, upload, digest)
            return
        algorithm = query.get("digest-algorithm", "sha256")
        if algorithm not in HEX_CHARACTERS:
            raise RefusalError(
                ErrorCode.DIGEST_INVALID, f"digest algorithm {algorithm[:40]!r}: unknown"
            )
        await _session(call, 202, self._uploads.begin(name, algorithm))

    async def status(self, call: Call) -> None:
        """GET of a session."""
        await _session(call, 204, self._found(call))

    async def add(self, call: Call) -> None:
        """PATCH: the next chunk, or with no Content-Range a stream."""
        upload = self._found(call)
        async with upload.lock:
            await self._receive(call, upload)
        await _session(call, 202, upload)

    async def finish(self, call: Call) -> None:
        """PUT: the last chunk, or nothing more, and the digest of the whole."""
        upload = self._found(call)
        digest = call.query.get("digest")
        if digest is None:
            raise RefusalError(ErrorCode.DIGEST_INVALID, "digest is missing")
        _require_digest(digest)
        async with upload.lock:
            await self._complete(call, upload, digest)

    async def cancel(self, call: Call) -> None:
        """DELETE of a session."""
        upload = self._found(call)
        async with upload.lock:
            self._uploads.end(upload)
        await call.answer(204)

    async def manifest(self, call: Call) -> None:
        """PUT by tag or digest; `tag` parameters name more tags."""
        _, name, reference = call.route
        tags = list(call.query.getlist("tag"))
        by_digest = ":" in reference
        if by_digest:
            _require_digest(reference)
        else:
            tags.insert(0, reference)
        for tag in tags:
            _require_tag(tag)
        content = await call.body(MANIFEST_BYTES)
        digest = digest_of(content, reference.partition(":")[0] if by_digest else "sha256")
        if by_digest and digest != reference:
            raise RefusalError(
                ErrorCode.DIGEST_INVALID, f"content has digest {digest}, not {reference}"
            )
        manifest = read_manifest(content, call.header(b"content-type"))
        self._require_parts(name, manifest)
        if self._quotas is not None:
            self._quotas.require_tags(name, tags)
            self._quotas.require_room(digest, len(content))
        self._content.write(digest, content)
        self._index.add_manifest(
            name,
            digest,
            manifest.media_type,
            tags=tags,
            subject=manifest.subject,
            descriptor=manifest.descriptor(digest, len(content)) if manifest.subject else None,
        )
        headers = [("OCI-Tag", tag) for tag in tags]
        if manifest.subject:
            headers.append(("OCI-Subject", manifest.subject))
        await _created(call, f"/v2/{name}/manifests/{digest}", digest, headers)

    async def delete_manifest(self, call: Call) -> None:
        """By digest with all its tags, or one tag alone."""
        _, name, reference = call.route
        digest = resolve(known_repository(self._index, name), reference)
        if reference == digest:
            self._index.delete_manifest(name, digest)
            self._sweep(digest)
        else:
            self._index.delete_tag(name, reference)
        await call.answer(202)

    async def delete_blob(self, call: Call) -> None:
        _, name, digest = call.route
        _require_digest(digest)
        if not self._index.has_blob(name, digest):
            raise RefusalError(ErrorCode.BLOB_UNKNOWN, "blob unknown to registry")
        self._index.delete_blob(name, digest)
        self._sweep(digest)
        await call.answer(202)

    def _found(self, call: Call) -> Upload:
        return self._uploads.find(call.route.repository, call.route.reference)

    def _can_mount(self, call: Call, digest: str, source: str) -> bool:
        """Without `from` any repository that the asker may read will do (end-11)."""
        if not source:
            readable = self._gate is None or self._gate.is_account(call)
            return readable and self._index.has_anywhere(digest)
        return self._index.has_blob(source, digest)  # the gate has asked for its pull scope

    async def _receive(self, call: Call, upload: Upload) -> None:
        length = call.length_bytes()
        header = call.header(b"content-range")
        span = chunk(header) if header else None
        if header and (span is None or span.first != upload.size_bytes):
            raise RefusalError(
                ErrorCode.RANGE_INVALID,
                f"Content-Range {header[:80]!r} must begin at {upload.size_bytes}",
                headers=(("Location", upload.location), ("Range", upload.range)),
            )
        if span is not None and length is not None and length != span.length:
            raise RefusalError(
                ErrorCode.SIZE_INVALID, f"Content-Range has {span.length} bytes, the body {length}"
            )
        self._uploads.require_room(length or 0)
        await self._uploads.add(upload, call.body_parts(), span=span)

    async def _complete(self, call: Call, upload: Upload, digest: str) -> None:
        await self._receive(call, upload)
        found = await self._uploads.digest(upload, digest.partition(":")[0])
        if found != digest:
            self._uploads.end(upload)
            raise RefusalError(
                ErrorCode.DIGEST_INVALID, f"content has digest {found}, not {digest}"
            )
        if self._quotas is not None:
            self._require_quota(upload, digest)
        self._content.take(upload.path, digest)
        self._uploads.end(upload)
        self._index.add_blobs(upload.repository, [digest])
        await _created(call, f"/v2/{upload.repository}/blobs/{digest}", digest)

    def _require_quota(self, upload: Upload, digest: str) -> None:
        """Only now is the length known (Harbor, src/controller/quota: when a blob is closed)."""
        assert self._quotas is not None
        try:
            self._quotas.require_room(digest, upload.size_bytes)
        except RefusalError:
            self._uploads.end(upload)
            raise

    def _require_parts(self, name: str, manifest: Manifest) -> None:
        """A manifest comes after what it is made of (distribution-spec, "Pushing Manifests")."""
        repository = self._index.repository(name)
        blobs = repository.blobs if repository else frozenset[str]()
        manifests = repository.manifests if repository else {}
        missing = [it for it in manifest.blobs if it not in blobs]
        missing += [it for it in manifest.manifests if it not in manifests]
        if missing:
            raise RefusalError(
                ErrorCode.MANIFEST_BLOB_UNKNOWN,
                "manifest references a manifest or blob unknown to registry",
                detail=[{"digest": digest} for digest in missing],
            )

    def _sweep(self, digest: str) -> None:
        if not self._index.used(digest):
            self._content.delete(digest)


def _require_digest(digest: str) -> None:
    if not is_digest(digest):
        raise RefusalError(ErrorCode.DIGEST_INVALID, f"digest {digest[:80]!r} is malformed")


def _require_tag(tag: str) -> None:
    if not is_tag(tag):
        raise RefusalError(ErrorCode.TAG_INVALID, f"tag {tag[:200]!r} is malformed")


async def _session(call: Call, status: int, upload: Upload) -> None:
    headers = (
        ("Location", upload.location),
        ("Range", upload.range),
        ("Docker-Upload-UUID", upload.session),
    )
    await call.answer(status, headers=headers)


async def _created(
    call: Call, location: str, digest: str, headers: list[tuple[str, str]] | None = None
) -> None:
    named = [("Location", location), ("Docker-Content-Digest", digest), *(headers or [])]
    await call.answer(201, headers=named)
