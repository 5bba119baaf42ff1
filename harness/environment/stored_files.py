"""Changes to stored files; each is journalled before it is made, and undone exactly."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from harness.chance import Chance
from harness.environment.scope import ScopeError
from harness.oci.sink import blob_path
from harness.process.journal import Journal

UPLOADS = "uploads"  # below the content folder: what has not become a blob
_BACKUP_SUFFIX = ".whole"
_COPY_SUFFIX = ".changed"
_FLIPS_IN_PLACE = 16  # each is a record that waits for the disk; more are cheaper as a copy


class StoredFiles:
    """The blobs and manifests in a content folder. Each is changed by one fault at a time."""

    def __init__(self, root: Path, journal: Journal) -> None:
        self._root = root
        self._journal = journal
        self._changed: set[str] = set()

    @contextmanager
    def flipped(
        self,
        digests: tuple[str, ...],
        chance: Chance,
        flip_bytes: int,
        *,
        in_place: bool = True,
    ) -> Iterator[None]:
        """Flip seeded bytes. Raises ScopeError for content that is changed already.

        Not `in_place`: under another inode, for what the registry keeps in memory.
        """
        with ExitStack() as undo:
            for digest in digests:
                undo.enter_context(self._claimed(digest))
                path = blob_path(self._root, digest)
                places = _places(chance, digest, flip_bytes, path.stat().st_size)
                if not in_place or len(places) > _FLIPS_IN_PLACE:
                    undo.enter_context(self._replaced(path, partial(_flip, places=places)))
                else:
                    for offset in places:
                        undo.enter_context(self._flipped_byte(path, offset))
            yield

    @contextmanager
    def cut(self, digests: tuple[str, ...], keep_share: float) -> Iterator[None]:
        """Put a shortened copy in each one's place; who reads the whole one reads on."""
        with ExitStack() as undo:
            for digest in digests:
                undo.enter_context(self._claimed(digest))
                path = blob_path(self._root, digest)
                keep_bytes = int(path.stat().st_size * keep_share)
                undo.enter_context(self._replaced(path, partial(os.truncate, length=keep_bytes)))
            yield

    @contextmanager
    def missing(
        self, digests: tuple[str, ...], uploaded_share: float | None = None
    ) -> Iterator[None]:
        """Put files aside; `uploaded_share` of each lies among the uploads meanwhile."""
        with ExitStack() as undo:
            for number, digest in enumerate(digests):
                undo.enter_context(self._claimed(digest))
                path = blob_path(self._root, digest)
                if uploaded_share is not None:
                    part = path.read_bytes()[: int(path.stat().st_size * uploaded_share)]
                    upload = self._root / UPLOADS / f"broken-off-{number}-{path.name[:12]}"
                    undo.enter_context(self._added_file(upload, part))
                undo.enter_context(self._put_aside(path))
            yield

    @contextmanager
    def added(self, documents: Mapping[str, bytes]) -> Iterator[None]:
        """Store documents by their digests; those that are there already stay as they are."""
        with ExitStack() as undo:
            for digest, document in documents.items():
                path = blob_path(self._root, digest)
                if not path.exists():
                    undo.enter_context(self._added_file(path, document))
            yield

    @contextmanager
    def _claimed(self, digest: str) -> Iterator[None]:
        if digest in self._changed:
            raise ScopeError(f"blob {digest}: another fault has changed it already")
        self._changed.add(digest)
        try:
            yield
        finally:
            self._changed.discard(digest)

    @contextmanager
    def _flipped_byte(self, path: Path, offset: int) -> Iterator[None]:
        with path.open("r+b", buffering=0) as file:
            file.seek(offset)
            before = file.read(1)
            undo = {"kind": "restore_bytes", "path": str(path.resolve()), "offset": offset}
            record = self._journal.record({**undo, "hex": before.hex()})
            try:
                os.pwrite(file.fileno(), bytes([before[0] ^ 0xFF]), offset)
                yield
            finally:
                os.pwrite(file.fileno(), before, offset)
                self._journal.done(record)

    @contextmanager
    def _replaced(self, path: Path, edit: Callable[[Path], None]) -> Iterator[None]:
        """Put an edited copy in the file's place."""
        backup = path.with_name(path.name + _BACKUP_SUFFIX)
        copy = path.with_name(path.name + _COPY_SUFFIX)
        undo = {
            "kind": "restore_file",
            "path": str(path.resolve()),
            "backup": str(backup.resolve()),
        }
        try:
            backup.hardlink_to(path)
            record = self._journal.record(undo)
            try:
                shutil.copyfile(path, copy)
                edit(copy)
                copy.replace(path)
                yield
            finally:
                backup.replace(path)
                self._journal.done(record)
        finally:
            backup.unlink(missing_ok=True)  # still there if nothing was changed: rename(2)
            copy.unlink(missing_ok=True)

    @contextmanager
    def _put_aside(self, path: Path) -> Iterator[None]:
        backup = path.with_name(path.name + _BACKUP_SUFFIX)
        undo = {
            "kind": "restore_file",
            "path": str(path.resolve()),
            "backup": str(backup.resolve()),
        }
        record = self._journal.record(undo)
        try:
            path.replace(backup)
            yield
        finally:
            if backup.exists():
                backup.replace(path)
            self._journal.done(record)

    @contextmanager
    def _added_file(self, path: Path, content: bytes) -> Iterator[None]:
        """Written beside its place first: it appears whole."""
        record = self._journal.record({"kind": "remove_file", "path": str(path.resolve())})
        copy = path.with_name(path.name + _COPY_SUFFIX)
        try:
            copy.write_bytes(content)
            copy.replace(path)
            yield
        finally:
            path.unlink(missing_ok=True)
            copy.unlink(missing_ok=True)
            self._journal.done(record)


def _places(chance: Chance, digest: str, count: int, size: int) -> list[int]:
    """`count` different offsets, or all there are."""
    if count >= size:
        return list(range(size))
    places, draw = set[int](), 0
    while len(places) < count:
        places.add(int(chance.between(0, size, f"{digest} at rest {draw}")))
        draw += 1
    return sorted(places)


def _flip(path: Path, places: list[int]) -> None:
    with path.open("r+b") as file:
        for offset in places:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 0xFF]))
