"""Content on disk, by digest: `<root>/blobs/<algorithm>/<hex>`.

Files appear whole, by rename. They are read without a thread: a pread of a page that the kernel
holds takes less than the hop to a thread.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHUNK_BYTES = 1 << 20


class ContentStore:
    """Blobs and manifests of every repository, each once. Digests given to it are well-formed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._uploads = root / "uploads"
        for folder in ("blobs/sha256", "blobs/sha512", "uploads"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self._prefix = f"{root}/blobs/"

    def path(self, digest: str) -> str:
        return self._prefix + digest.replace(":", "/", 1)

    def size_bytes(self, digest: str) -> int | None:
        """The length of the content, None when it is not there."""
        try:
            return os.stat(self.path(digest)).st_size  # noqa: PTH116  the hot path
        except FileNotFoundError:
            return None

    @contextmanager
    def opened(self, digest: str) -> Iterator[tuple[int, int]]:
        """A descriptor and the length of the content. Raises FileNotFoundError."""
        descriptor = os.open(self.path(digest), os.O_RDONLY)
        try:
            yield descriptor, os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def read(self, digest: str) -> bytes:
        """Small content whole. Raises FileNotFoundError."""
        return Path(self.path(digest)).read_bytes()

    def write(self, digest: str, content: bytes) -> None:
        """Store small content that has this digest."""
        temporary = self.upload_path(f"manifest-{digest[-32:]}")
        temporary.write_bytes(content)
        self.take(temporary, digest)

    def upload_path(self, name: str) -> Path:
        """Where content of unknown digest grows."""
        return self._uploads / name

    def take(self, upload: Path, digest: str) -> None:
        """Make a finished upload the content of `digest`."""
        os.replace(upload, self.path(digest))  # noqa: PTH105  one name, no Path needed

    def delete(self, digest: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self.path(digest))  # noqa: PTH108  one name, no Path needed

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free
