"""Changes to what a registry has under which name; journalled first, and undone exactly."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from harness.environment.held_images import HeldImage, Swap
from harness.oci.media_types import CONFIGS
from harness.process.child import ChildError
from harness.process.journal import Journal
from harness.registry.change_log import Change, change_file

INDEX_FILE = "index.jsonl"  # below the content folder


class Asking(Protocol):
    """The registry's process."""

    @property
    def alive(self) -> bool: ...

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Raises ChildError."""
        ...


class StoredIndex:
    """The index of a registry whose content lies in `root`."""

    def __init__(self, root: Path, journal: Journal, registry: Asking) -> None:
        self._path = root / INDEX_FILE
        self._journal = journal
        self._registry = registry

    @asynccontextmanager
    async def changed(self, changes: Iterable[Change]) -> AsyncIterator[None]:
        """Make `changes` until the block is left. Raises ChildError, OSError."""
        changes = [dict(change) for change in changes]
        answer = await self._registry.ask("undo_of", changes=changes)
        undo: list[Mapping[str, Any]] = answer["undo"]
        record = await asyncio.to_thread(
            self._journal.record, {"kind": "change_index", "changes": undo}
        )
        try:
            await self._registry.ask("change_index", changes=changes)
            yield
        finally:
            await self._undo(undo)
            await asyncio.to_thread(self._journal.done, record)

    async def _undo(self, undo: list[Mapping[str, Any]]) -> None:
        """A process that has ended left its file, which is changed in its place."""
        try:
            await self._registry.ask("change_index", changes=undo)
        except ChildError:
            if self._registry.alive:
                raise
            await asyncio.to_thread(change_file, self._path, undo)


def without_tags(images: Iterable[HeldImage]) -> list[Change]:
    return [
        {
            "do": "set_tag",
            "name": held.repository,
            "tag": held.tag,
            "was": held.image.digest,
            "digest": None,
        }
        for held in images
    ]


def swapped(swaps: Iterable[Swap]) -> list[Change]:
    """The documents that tags are to name, and then the tags."""
    swaps = list(swaps)
    added: dict[tuple[str, str], Change] = {}
    for swap in swaps:
        name = swap.held.repository
        for described, _ in swap.variant.documents:
            digest = described.digest
            if described.media_type in CONFIGS:
                change: Change = {"do": "add_blobs", "name": name, "digests": [digest]}
            else:
                change = {
                    "do": "add_manifest",
                    "name": name,
                    "digest": digest,
                    "media_type": described.media_type,
                    "tags": [],
                    "subject": None,
                    "descriptor": None,
                }
            added[name, digest] = change
    tags: list[Change] = [
        {**change, "digest": swap.variant.top.digest}
        for change, swap in zip(without_tags(it.held for it in swaps), swaps, strict=True)
    ]
    return [*added.values(), *tags]


def without_manifests(images: Iterable[HeldImage]) -> list[Change]:
    """Once the tags are gone; each manifest of a repository once."""
    gone = {
        (held.repository, manifest.digest): None
        for held in images
        for manifest in held.image.manifests
    }
    return [{"do": "delete_manifest", "name": name, "digest": digest} for name, digest in gone]
