"""Lists of a registry, page by page, each name judged before it is used."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from harness.audit.documents import DocumentError, Part, read_parts
from harness.audit.findings import Check, TroubleError
from harness.audit.requests import RegistryResponse, Wire
from harness.oci.digest import is_digest

_REFERRER_PAGES: Final = 1000
_PAGE_NAMES: Final = 1000  # what is asked for; a registry may give fewer, or all
_OK, _NOT_FOUND = 200, 404


@dataclass(frozen=True, kw_only=True)
class Page:
    """Names as the registry gave them. `untagged`: digests, where it tells them (GCR's form)."""

    names: list[str]
    untagged: list[str] = field(default_factory=list)


async def pages(wire: Wire, path: str, key: str, scope: str) -> AsyncIterator[Page]:
    """The pages of the list at `path`. Raises TroubleError; a caller stops when nothing is new.

    LookupError: the registry has no such list.
    """
    async for data in _objects(wire, f"{path}?n={_PAGE_NAMES}", path, scope):
        names = data.get(key)
        if names is None and key in data:
            names = []  # distribution says null for none
        if not isinstance(names, list) or not all(isinstance(it, str) for it in names):
            raise TroubleError(Check.MALFORMED, f"GET {path}: is no JSON list of {key}")
        yield Page(names=names, untagged=list(_untagged(data.get("manifest"))))


async def referrers(wire: Wire, path: str, scope: str) -> AsyncIterator[tuple[Part, ...]]:
    """The pages of the list of referrers at `path`. Raises TroubleError, LookupError."""
    pages_left = _REFERRER_PAGES
    async for data in _objects(wire, path, path, scope):
        try:
            yield read_parts("manifests", data.get("manifests"))
        except DocumentError as error:
            raise TroubleError(Check.MALFORMED, f"GET {path}: {error}") from None
        pages_left -= 1
        if not pages_left:
            raise TroubleError(Check.MALFORMED, f"GET {path}: more than {_REFERRER_PAGES} pages")


async def _objects(
    wire: Wire, first: str, path: str, scope: str
) -> AsyncIterator[Mapping[str, Any]]:
    asked: str | None = first
    while asked is not None:
        answer = await wire.document(asked, scope)
        if answer.status == _NOT_FOUND:
            raise LookupError(path)
        if answer.status != _OK:
            raise TroubleError(Check.UNREADABLE, f"GET {path}: {answer.status}")
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise TroubleError(Check.MALFORMED, f"GET {path}: is no JSON object")
        yield data
        asked = _next(answer, path)


def _untagged(manifests: Any) -> Iterable[str]:
    if not isinstance(manifests, dict):
        return
    for digest, said in manifests.items():
        if is_digest(digest) and isinstance(said, dict) and said.get("tag") == []:
            yield digest


def _next(answer: RegistryResponse, path: str) -> str | None:
    """Where the next page is, from the Link header: only ever more of the same list."""
    link = answer.headers.get("link", "")
    target, found, rest = link.partition(">")
    if not found or 'rel="next"' not in rest.replace("'", '"').replace("rel=next", 'rel="next"'):
        return None
    place = urlsplit(target.strip().removeprefix("<"))
    if not place.path.endswith(path) or not place.query.isascii() or " " in place.query:
        raise TroubleError(Check.MALFORMED, f"GET {path}: Link leads to {target[:200]!r}")
    return f"{path}?{place.query}"
