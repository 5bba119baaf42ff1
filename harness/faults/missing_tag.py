"""missing_tag: tags are not there; what they named is."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import ContentFault, WhereKey, refusal
from harness.oci.errors import ErrorCode
from harness.seams import RequestKind, Seams


class MissingTag(ContentFault):
    """Tags are not there; what they named is.

    `on: wire` answers a share of the requests by tag with 404, as from a replica that is behind;
    `on: rest` removes tags. Who pulls by digest meets nothing.
    Seen as: `failed to resolve reference "R": R: not found`.
    """

    area: ClassVar[str] = "images"
    example: ClassVar[str] = "{on: rest}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.MANIFEST,)

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the seams are scoped with it
        if self.on == "rest":
            return seams.store.untagged(share=self.share)
        return seams.gateway.rule(
            refusal(ErrorCode.MANIFEST_UNKNOWN),
            kinds=(RequestKind.MANIFEST,),
            methods=("GET", "HEAD"),
            share=self.share,
            by="tag",
        )
