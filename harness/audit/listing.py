"""Lists of a registry, page by page, each name judged before it is used."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from harness.audit.documents import DocumentError, Part, read_parts
from harness.oci.digest import is_digest
from harness.registry_client.ask_error import AskError, Failure
from harness.registry_client.client import RegistryClient

CATALOG_SCOPE: Final = "registry:catalog:*"
_PAGE_NAMES: Final = 1000  # what is requested; a registry may give fewer, or all


@dataclass(frozen=True, kw_only=True)
class Page:
    """Names as the registry gave them. `untagged`: digests, where it tells them (GCR's form)."""

    names: list[str]
    untagged: list[str] = field(default_factory=list)


async def pages(client: RegistryClient, path: str, key: str, scope: str) -> AsyncIterator[Page]:
    """The pages of the list at `path`. Raises AskError; a caller stops when nothing is new.

    LookupError: the registry has no such list.
    """
    async for data in client.pages(path, scope, f"n={_PAGE_NAMES}"):
        names = data.get(key)
        if names is None and key in data:
            names = []  # distribution says null for none
        if not isinstance(names, list) or not all(isinstance(it, str) for it in names):
            raise AskError(Failure.MALFORMED, f"GET {path}: is no JSON list of {key}")
        yield Page(names=names, untagged=list(_untagged(data.get("manifest"))))


async def referrers(
    client: RegistryClient, path: str, scope: str
) -> AsyncIterator[tuple[Part, ...]]:
    """The pages of the list of referrers at `path`. Raises AskError, LookupError."""
    async for data in client.pages(path, scope):
        try:
            yield read_parts("manifests", data.get("manifests"))
        except DocumentError as error:
            raise AskError(Failure.MALFORMED, f"GET {path}: {error}") from None


def _untagged(manifests: Any) -> Iterable[str]:
    if not isinstance(manifests, dict):
        return
    for digest, said in manifests.items():
        if is_digest(digest) and isinstance(said, dict) and said.get("tag") == []:
            yield digest
