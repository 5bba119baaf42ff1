"""One audit from the list of repositories to the last blob."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from harness.audit.content_checks import Contents
from harness.audit.findings import Check
from harness.audit.ledger import Ledger
from harness.audit.listing import CATALOG_SCOPE, Page, pages
from harness.audit.naming import matches_any, missing_platforms, pattern
from harness.oci.challenge import pull_scope
from harness.oci.reference import is_repository, is_tag
from harness.registry_client.ask_error import AskError
from harness.registry_client.client import RegistryClient, path_of

# cosign and others: an image's artifacts as tags, where a registry has no referrers
_REFERRER_TAG: Final = re.compile(r"(sha256|sha512)-([a-f0-9]{64,128})(\..*)?")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to audit. `repositories`: patterns; without any all that the catalog lists.

    `named`: repositories to audit without asking the catalog. `quick`: blobs are asked for by
    HEAD and not read. `quota_bytes`: what each repository may hold, 0: anything.
    """

    repositories: tuple[re.Pattern[str], ...] = ()
    named: tuple[str, ...] = ()
    quick: bool = False
    names: tuple[re.Pattern[str], ...] = ()
    tags: tuple[re.Pattern[str], ...] = ()
    platforms: tuple[str, ...] = ()
    quota_bytes: int = 0
    at_once: int = 8


def wanted_of(
    repositories: Iterable[str],
    *,
    quick: bool,
    names: Iterable[str],
    tags: Iterable[str],
    platforms: Iterable[str],
    quota_bytes: int,
    at_once: int,
) -> Wanted:
    """What the user's words ask for. Repositories without `*` or `?` need no catalog.

    Raises ValueError with the rule.
    """
    asked, wanted = tuple(repositories), tuple(platforms)
    plain = bool(asked) and not any(mark in it for it in asked for mark in "*?")
    for name in asked if plain else ():
        if not is_repository(name):
            raise ValueError(f"repository {name[:200]!r}: must be a name, as team/app")
    for platform in wanted:
        if len(platform.split("/")) not in (2, 3):
            raise ValueError(f"platform {platform[:100]!r}: must be as linux/amd64")
    return Wanted(
        repositories=() if plain else tuple(map(pattern, asked)),
        named=asked if plain else (),
        quick=quick,
        names=tuple(map(pattern, names)),
        tags=tuple(map(pattern, tags)),
        platforms=wanted,
        quota_bytes=quota_bytes,
        at_once=at_once,
    )


class Audit:
    """Fills `ledger` with what is there and what is wrong. `progress` gets each repository."""

    def __init__(
        self,
        client: RegistryClient,
        ledger: Ledger,
        wanted: Wanted,
        progress: Callable[[str], None],
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._wanted = wanted
        self._progress = progress

    async def run(self) -> None:
        """Audit all of it. What goes wrong is a finding."""
        with self._whole("the list of repositories"):
            await self._list_repositories()
        for repository in self._ledger.repositories():
            self._progress(repository)
            self._ledger.set_progress(repository, 1)
            await self._repository(repository)
            self._ledger.set_progress(repository, 2)

    async def _list_repositories(self) -> None:
        if self._wanted.named:
            self._ledger.add_repositories(self._wanted.named)
            return
        listed = pages(self._client, "/v2/_catalog", "repositories", CATALOG_SCOPE)
        try:
            async for page in listed:
                good = [it for it in page.names if self._is_name(it, is_repository, "")]
                chosen = [it for it in good if self._is_chosen(it)]
                if page.names and not self._ledger.add_repositories(chosen) and chosen:
                    break  # a catalog that turns in a circle
        except LookupError:
            said = "has no catalog: name the repositories with --repository"
            self._ledger.add(Check.UNREADABLE, "", "", said)
        except AskError as error:
            self._ledger.add_failure(error)
        else:
            if self._wanted.repositories and next(self._ledger.repositories(), None) is None:
                self._ledger.add(Check.MISSING, "", "", "has no repository that --repository names")

    def _is_chosen(self, repository: str) -> bool:
        chosen = self._wanted.repositories
        return not chosen or matches_any(repository, chosen)

    async def _repository(self, repository: str) -> None:
        if self._wanted.names and not matches_any(repository, self._wanted.names):
            self._ledger.add(Check.NAME, repository, "", "matches no --name-pattern")
        contents = Contents(
            self._client,
            self._ledger,
            repository,
            quick=self._wanted.quick,
            with_platforms=bool(self._wanted.platforms),
        )
        with self._whole(f"the list of tags of {repository}"):
            listed = await self._list_tags(repository)
        await self._each(self._ledger.tags(repository), contents.tag)
        while manifests := self._ledger.manifests(repository):
            await self._each(manifests, lambda it: contents.manifest(*it))
        while blobs := self._ledger.blobs(repository):
            await self._each(blobs, lambda it: contents.blob(*it))
        if listed:
            await self._lost(repository, contents)
        self._judge(repository, listed=listed)

    async def _list_tags(self, repository: str) -> bool:
        """Whether all of them are known."""
        scope, path = pull_scope(repository), f"{path_of('tags', repository)}/list"
        try:
            async for page in pages(self._client, path, "tags", scope):
                self._list_untagged(repository, page)
                good = [it for it in page.names if self._is_name(it, is_tag, repository)]
                if good and not self._ledger.add_tags(repository, good):
                    said = "the list of tags turns in a circle"
                    self._ledger.add(Check.MALFORMED, repository, "", said)
                    return False
        except LookupError:
            self._ledger.add(Check.MISSING, repository, "", "is not there, or may not be listed")
        except AskError as error:
            self._ledger.add_failure(error, repository)
        else:
            return True
        return False

    def _list_untagged(self, repository: str, page: Page) -> None:
        for digest in page.untagged:
            self._ledger.want_manifest(repository, digest, -1, "")
            self._ledger.add(Check.UNTAGGED, repository, digest, "no tag leads to it")

    async def _lost(self, repository: str, contents: Contents) -> None:
        """Tags that moved since the last audit, and what they left behind."""
        for tag, before, now in self._ledger.moved(repository):
            said = f"led to {before}, now to {now}" if now else f"led to {before} and is gone"
            self._ledger.add(Check.MOVED, repository, tag, said)
            if not self._ledger.has_manifest(repository, before):
                with contents.noting(before):
                    if await contents.is_there(before):
                        said = f"no tag leads to it since {tag} does not"
                        self._ledger.add(Check.UNTAGGED, repository, before, said)

    def _judge(self, repository: str, *, listed: bool) -> None:
        """What only all of the repository tells."""
        for tag in self._ledger.tags(repository):
            if self._wanted.tags and not matches_any(tag, self._wanted.tags):
                self._ledger.add(Check.NAME, repository, tag, "matches no --tag-pattern")
            found = _REFERRER_TAG.fullmatch(tag)
            if (
                listed
                and found
                and not self._ledger.has_manifest(repository, f"{found[1]}:{found[2]}")
            ):
                said = f"refers to {found[1]}:{found[2]}, which is not there"
                self._ledger.add(Check.ORPHANED, repository, tag, said)
        if self._wanted.platforms:
            for tag, has in self._ledger.platforms(repository):
                if missing := missing_platforms(has, self._wanted.platforms):
                    said = f"lacks {', '.join(missing)}, has {', '.join(has) or 'none'}"
                    self._ledger.add(Check.PLATFORM, repository, tag, said)
        size, quota = self._ledger.size_bytes(repository), self._wanted.quota_bytes
        if quota and size > quota:
            said = f"holds {size:,} bytes, {size / quota:.0%} of its {quota:,}"
            self._ledger.add(Check.QUOTA, repository, "", said)

    @contextmanager
    def _whole(self, what: str) -> Iterator[None]:
        """Note that the rest of `what` is left out when the time is over within the block."""
        try:
            yield
        except asyncio.CancelledError:
            self._ledger.leave_out(f"the rest of {what}")
            raise

    async def _each(self, items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
        """Do `work` for all items, `at_once` at a time, without holding them."""
        left = iter(items)

        async def worker() -> None:
            for item in left:
                await work(item)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._wanted.at_once):
                group.create_task(worker())

    def _is_name(self, name: str, rule: Callable[[str], bool], repository: str) -> bool:
        """Whether a listed name is one; it is a finding when not, and goes into no path."""
        good = rule(name)
        if not good:
            kind = "tag" if repository else "repository"
            self._ledger.add(Check.MALFORMED, repository, "", f"{kind} {name[:200]!r} is malformed")
        return good
