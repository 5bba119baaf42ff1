"""Blobs that are still being uploaded: their files, running hashes and order."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.oci.digest import new_hash
from harness.oci.errors import ErrorCode
from harness.registry.content_store import ContentStore
from harness.registry.ranges import Span
from harness.registry.refusal import RefusalError

_CHECK_DISK_EVERY_BYTES = 64 << 20
_DISK_RESERVE_BYTES = 128 << 20  # for the samples, logs and journal of the run


@dataclass(kw_only=True)
class Upload:
    """`lock` is held while a request adds to it: a second one waits, and then is out of order."""

    session: str
    repository: str
    path: Path
    algorithm: str
    hash: Any
    size_bytes: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def location(self) -> str:
        return f"/v2/{self.repository}/blobs/uploads/{self.session}"

    @property
    def range(self) -> str:
        """What has arrived. Nothing yet is `0-0`, as distribution says it: there is no word."""
        return f"0-{max(0, self.size_bytes - 1)}"


class Uploads:
    """The open upload sessions of all repositories."""

    def __init__(self, content: ContentStore) -> None:
        self._content = content
        self._open: dict[str, Upload] = {}

    def begin(self, repository: str, algorithm: str = "sha256") -> Upload:
        session = str(uuid.uuid4())
        upload = Upload(
            session=session,
            repository=repository,
            path=self._content.upload_path(session),
            algorithm=algorithm,
            hash=new_hash(algorithm),
        )
        upload.path.touch()
        self._open[session] = upload
        return upload

    def find(self, repository: str, session: str) -> Upload:
        """Raises RefusalError when this repository has no such session."""
        upload = self._open.get(session)
        if upload is None or upload.repository != repository:
            raise RefusalError(
                ErrorCode.BLOB_UPLOAD_UNKNOWN,
                "blob upload unknown to registry",
                detail={"id": session},
            )
        return upload

    def end(self, upload: Upload) -> None:
        """Forget the session, and its file unless it has become a blob."""
        self._open.pop(upload.session, None)
        upload.path.unlink(missing_ok=True)

    def require_room(self, length_bytes: int) -> None:
        """Raises RefusalError (507) when the disk has no room for this much more."""
        free = self._content.free_bytes() - _DISK_RESERVE_BYTES
        if length_bytes > free:
            raise no_room(f"{length_bytes} bytes do not fit, the disk has room for {max(0, free)}")

    async def add(
        self, upload: Upload, parts: AsyncIterator[bytes], *, span: Span | None = None
    ) -> None:
        """Append what arrives; of a `span` all or nothing is kept. The caller holds the lock.

        Raises RefusalError, and whatever `parts` raises: what came before it is kept then.
        """
        before, hash_before = upload.size_bytes, upload.hash.copy()
        check_at = before + _CHECK_DISK_EVERY_BYTES
        with upload.path.open("ab", buffering=0) as file:
            async for part in parts:
                _write_all(file.fileno(), part)
                upload.hash.update(part)
                upload.size_bytes += len(part)
                if upload.size_bytes >= check_at:
                    self.require_room(0)
                    check_at += _CHECK_DISK_EVERY_BYTES
            if span is not None and upload.size_bytes - before != span.length:
                received = upload.size_bytes - before
                file.truncate(before)
                upload.size_bytes, upload.hash = before, hash_before
                raise RefusalError(
                    ErrorCode.SIZE_INVALID,
                    f"Content-Range has {span.length} bytes, the body {received}",
                )

    async def digest(self, upload: Upload, algorithm: str) -> str:
        """The digest of what has arrived. Another algorithm than foreseen reads it all again."""
        if algorithm != upload.algorithm:
            upload.hash = await asyncio.to_thread(_hash_file, upload.path, algorithm)
            upload.algorithm = algorithm
        return f"{algorithm}:{upload.hash.hexdigest()}"


def no_room(message: str) -> RefusalError:
    return RefusalError(ErrorCode.DENIED, f"storage: {message}", status=507)


def _write_all(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def _hash_file(path: Path, algorithm: str) -> Any:
    seen = new_hash(algorithm)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            seen.update(part)
    return seen
