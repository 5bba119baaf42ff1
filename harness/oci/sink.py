"""Where built content goes: blobs named by their digests, each appearing whole or not at all."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from harness.oci.digest import parse_digest

CHUNK_BYTES = 1 << 20  # no writer is handed more at once


class BlobWriter(Protocol):
    """Takes one blob in chunks of at most CHUNK_BYTES."""

    def write(self, chunk: bytes, /) -> object:
        """Append `chunk`."""
        ...

    def commit(self, digest: str) -> None:
        """Keep what was written under `digest`; nothing is written after this."""
        ...


class Sink(Protocol):
    """A content store that can be written to."""

    def open_blob(self) -> AbstractContextManager[BlobWriter]:
        """Write one blob within the block; without a commit, nothing of it is kept."""
        ...


def blob_path(folder: Path, digest: str) -> Path:
    """Where the content of `digest` lies below `folder`: `blobs/<algorithm>/<hex>`.

    Raises DigestError, so that no text from outside becomes a path.
    """
    parsed = parse_digest(digest)
    return folder / "blobs" / parsed.algorithm / parsed.hex


class DirectorySink:
    """Content below a folder, as the OCI image-layout has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open_blob(self) -> Iterator[BlobWriter]:
        """Write beside the blobs, then rename. Raises OSError; then nothing is left behind."""
        blobs = self._folder / "blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        partial = blobs / f".partial-{uuid4().hex}"
        try:
            with partial.open("xb") as file:
                yield _FileWriter(self._folder, partial, file)
        finally:
            partial.unlink(missing_ok=True)


class _FileWriter:
    def __init__(self, folder: Path, partial: Path, file: BufferedWriter) -> None:
        self._folder = folder
        self._partial = partial
        self._file = file
        self.write = file.write

    def commit(self, digest: str) -> None:
        self._file.close()
        path = blob_path(self._folder, digest)
        path.parent.mkdir(exist_ok=True)
        self._partial.replace(path)
