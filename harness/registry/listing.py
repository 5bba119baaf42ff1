"""Lists: tags, referrers and repositories."""

import bisect
from urllib.parse import urlencode

from harness.oci.digest import is_digest
from harness.oci.errors import ErrorCode
from harness.oci.media_types import OCI_INDEX
from harness.registry.index import Index
from harness.registry.pull import known_repository
from harness.registry.refusal import RefusalError
from harness.registry.request import Call


class Listing:
    """GET of what there is."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def tags(self, call: Call) -> None:
        name = call.route.repository
        page, link = _page(call, known_repository(self._index, name).tag_names)
        await call.answer_json({"name": name, "tags": page}, link)

    async def repositories(self, call: Call) -> None:
        page, link = _page(call, sorted(self._index.repositories))
        await call.answer_json({"repositories": page}, link)

    async def referrers(self, call: Call) -> None:
        """An index, empty where nothing refers to the digest: never 404 (distribution-spec)."""
        _, name, digest = call.route
        if not is_digest(digest):
            raise RefusalError(ErrorCode.DIGEST_INVALID, f"digest {digest[:80]!r} is malformed")
        repository = self._index.repository(name)
        found = list(repository.referrers.get(digest, {}).values()) if repository else []
        headers = [("Content-Type", OCI_INDEX)]
        if (wanted := call.query.get("artifactType")) is not None:
            found = [it for it in found if it.get("artifactType") == wanted]
            headers.append(("OCI-Filters-Applied", "artifactType"))
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        await call.answer_json(index, headers)


def _page(call: Call, names: list[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """`n` names after `last`, and the Link to the next ones."""
    limit, last = call.query.get("n"), call.query.get("last")
    begin = bisect.bisect_right(names, last) if last else 0
    if limit is None:
        return names[begin:], []
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 9):  # noqa: PLR2004  no int of a thousand digits
        raise RefusalError(
            ErrorCode.PAGINATION_NUMBER_INVALID, f"n must be a number, got {limit[:40]!r}"
        )
    page = names[begin : begin + int(limit)]
    if not page or begin + len(page) >= len(names):
        return page, []
    query = urlencode({"n": limit, "last": page[-1]})
    return page, [("Link", f'<{call.scope["path"]}?{query}>; rel="next"')]
