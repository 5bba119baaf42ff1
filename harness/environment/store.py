"""The store seam: content at rest is changed, and the gateway counts who meets the change."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass
from typing import Literal

from harness.environment.held_images import HeldImage, HeldImages
from harness.environment.scope import FaultScope
from harness.environment.scoped_gateway import ScopedGateway
from harness.environment.stored_files import StoredFiles
from harness.environment.stored_index import (
    StoredIndex,
    swapped,
    without_manifests,
    without_tags,
)
from harness.oci.documents import AMD64, Platform
from harness.process.completion import run_to_completion
from harness.seams import Bites, Content, Injection, OtherImage, RequestKind, Where

_CONTENT = (RequestKind.MANIFEST, RequestKind.BLOB)


@dataclass(kw_only=True)
class ScopedStore:
    """`harness.seams.Store` for one occurrence of a fault.

    What changes at rest is met by everybody, so that it is watched for all nodes. Every verb
    raises ScopeError when nothing is in scope, and OSError and ChildError.
    """

    held: HeldImages
    files: StoredFiles
    index: StoredIndex
    scope: FaultScope
    watching: ScopedGateway

    @asynccontextmanager
    async def flipped_bytes(
        self, *, flip_bytes: int, share: float = 1.0, of: Content = "layers"
    ) -> AsyncIterator[None]:
        """See `harness.seams.Store.flipped_bytes`."""
        digests = self._chosen(share, of)
        in_place = of == "layers"  # manifests are remembered by the registry
        changes = self.files.flipped(digests, self.scope.chance, flip_bytes, in_place=in_place)
        async with in_thread(changes), self._content(digests, of):
            yield

    @asynccontextmanager
    async def cut(self, *, keep_share: float, share: float = 1.0) -> AsyncIterator[None]:
        """See `harness.seams.Store.cut`."""
        digests = self._chosen(share, "layers")
        changes = self.files.cut(digests, keep_share)
        async with in_thread(changes), self._content(digests, "layers"):
            yield

    @asynccontextmanager
    async def missing(
        self, *, share: float = 1.0, uploaded_share: float | None = None
    ) -> AsyncIterator[None]:
        """See `harness.seams.Store.missing`."""
        digests = self._chosen(share, "layers")
        watch = self.watching.watch("missing", kinds=(RequestKind.BLOB,), references=digests)
        async with in_thread(self.files.missing(digests, uploaded_share)), watch:
            yield

    @asynccontextmanager
    async def untagged(self, *, share: float = 1.0) -> AsyncIterator[None]:
        """See `harness.seams.Store.untagged`."""
        swaps = self.held.swaps(
            self.scope.where, self.scope.chance, share, OtherImage.ANOTHER, AMD64
        )
        images = [swap.held for swap in swaps]
        async with self.index.changed(without_tags(images)), self._tags(images, "missing"):
            yield

    @asynccontextmanager
    async def retagged(
        self, other: OtherImage, *, platform: Platform = AMD64, share: float = 1.0
    ) -> AsyncIterator[None]:
        """See `harness.seams.Store.retagged`."""
        swaps = self.held.swaps(self.scope.where, self.scope.chance, share, other, platform)
        documents = {
            described.digest: content
            for swap in swaps
            for described, content in swap.variant.documents
        }
        async with (
            in_thread(self.files.added(documents)),
            self.index.changed(swapped(swaps)),
            self._tags([swap.held for swap in swaps], "found"),
        ):
            yield

    @asynccontextmanager
    async def renamed(self, *, suffix: str | None) -> AsyncIterator[None]:
        """See `harness.seams.Store.renamed`."""
        names = dict.fromkeys(held.repository for held in self.held.within(self.scope.where))
        changes = [
            {"do": "hide", "name": name}
            if suffix is None
            else {"do": "rename", "name": name, "to": name + suffix}
            for name in names
        ]
        async with AsyncExitStack() as watched:
            await watched.enter_async_context(self.index.changed(changes))
            for name in names:
                watch = self.watching.watch("missing", kinds=_CONTENT, repository=name)
                await watched.enter_async_context(watch)
            yield

    @asynccontextmanager
    async def cleaned(
        self, *, keep: int, of: Literal["tags", "manifests", "blobs"]
    ) -> AsyncIterator[None]:
        """See `harness.seams.Store.cleaned`."""
        old = self.held.old(self.scope.where, keep)
        changes, lost = without_tags(old), set[str]()
        if of != "tags":
            changes += without_manifests(old)
            lost |= {it.digest for held in old for it in held.image.manifests}
        if of == "blobs":
            for name in dict.fromkeys(held.repository for held in old):
                blobs = self.held.only_in(name, old)
                changes += [{"do": "delete_blob", "name": name, "digest": it} for it in blobs]
                lost |= set(blobs)
        files = tuple(sorted(it for it in lost if not self.held.has(it, old)))
        async with (
            self.index.changed(changes),
            in_thread(self.files.missing(files)),
            self._tags(old, "missing", also=tuple(sorted(lost))),
        ):
            yield

    async def bites(self) -> Bites:
        """How often what was changed was met. Raises ChildError."""
        return await self.watching.bites()

    def _chosen(self, share: float, of: Content) -> tuple[str, ...]:
        return self.scope.chance.pick(share, self.held.digests(self.scope.where, of))

    def _content(self, digests: tuple[str, ...], of: Content) -> Injection:
        """Watch content by its digest, manifests also by the tags that name them."""
        if of == "layers":
            return self.watching.watch("content", kinds=(RequestKind.BLOB,), references=digests)
        named = [held for held in self.held.within(Where()) if held.image.digest in digests]
        return self._tags(named, "content", also=digests)

    @asynccontextmanager
    async def _tags(
        self,
        images: Iterable[HeldImage],
        answers: Literal["content", "found", "missing"],
        also: tuple[str, ...] = (),
    ) -> AsyncIterator[None]:
        """Watch the tags of `images` and the digests `also`, repository by repository."""
        tags: dict[str, list[str]] = {}
        for held in images:
            tags.setdefault(held.repository, []).append(held.tag)
        async with AsyncExitStack() as watched:
            for name, names in tags.items():
                watch = self.watching.watch(
                    answers, kinds=_CONTENT, references=(*names, *also), repository=name
                )
                await watched.enter_async_context(watch)
            yield


@asynccontextmanager
async def in_thread(changes: AbstractContextManager[None]) -> AsyncIterator[None]:
    """Enter and leave in a thread: changes to files take as long as the disk does."""
    entered = ExitStack()
    try:
        await run_to_completion(asyncio.to_thread(entered.enter_context, changes))
        yield
    finally:
        await run_to_completion(asyncio.to_thread(entered.close))
