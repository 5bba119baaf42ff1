"""Changes to layer blobs at rest; each is journalled before it is made, and undone exactly."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from harness.chance import Chance
from harness.journal import Journal
from harness.oci.images import BuiltImage
from harness.oci.sink import blob_path
from harness.seams import Where

_BACKUP_SUFFIX = ".whole"
_COPY_SUFFIX = ".changed"
_FLIPS_IN_PLACE = 16  # each is a record that waits for the disk; more are cheaper as a copy


class StoredLayers:
    """The layers of the images in a content folder. A blob is changed by one fault at a time."""

    def __init__(self, root: Path, journal: Journal) -> None:
        self._root = root
        self._journal = journal
        self._images: list[tuple[str, BuiltImage]] = []
        self._changed: set[str] = set()

    def add(self, repository: str, image: BuiltImage) -> None:
        self._images.append((repository, image))

    def chosen(self, where: Where, chance: Chance, share: float) -> tuple[str, ...]:
        """`share` of the layers in `where`, at least one. Raises LookupError when it has none."""
        found = dict.fromkeys(
            layer.digest
            for repository, image in self._images
            if where.repository is None or fnmatchcase(repository, where.repository)
            for platform in image.platforms
            for position, layer in enumerate(platform.layers)
            if not where.layers or position in where.layers
        )
        if not found:
            raise LookupError(
                f"where: no stored layer is in repository {where.repository or '*'}, "
                f"layers {', '.join(map(str, where.layers)) or 'any'}"
            )
        return chance.pick(share, tuple(found))

    @contextmanager
    def flipped(self, digests: tuple[str, ...], chance: Chance, flip_bytes: int) -> Iterator[None]:
        """Flip seeded bytes in place. Raises LookupError for a blob that is changed already."""
        with ExitStack() as undo:
            for digest in digests:
                undo.enter_context(self._claimed(digest))
                path = blob_path(self._root, digest)
                places = _places(chance, digest, flip_bytes, path.stat().st_size)
                if len(places) > _FLIPS_IN_PLACE:
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
    def _claimed(self, digest: str) -> Iterator[None]:
        if digest in self._changed:
            raise LookupError(f"blob {digest}: another fault has changed it already")
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
