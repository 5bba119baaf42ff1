"""missing_blob: layers are not there, although manifests name them."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import GATEWAY_WHERE, STORE_WHERE, ContentFault, WhereKey, refusal
from harness.oci.errors import ErrorCode
from harness.seams import RequestKind, Seams


class MissingBlob(ContentFault):
    """Layers are not there, although manifests name them.

    `on: wire` answers a share of the requests for blobs with 404, as from a replica that has not
    got them yet; `on: rest` loses stored layers, as after a disk that failed or a garbage
    collection that took too much. Tags and manifests look whole.
    Seen as: `failed to copy: httpReadSeeker: failed open: could not fetch content descriptor D (T)
    from remote: not found`.
    """

    area: ClassVar[str] = "images"
    example: ClassVar[str] = "{on: rest}"
    where_keys: ClassVar[frozenset[WhereKey]] = GATEWAY_WHERE - {"kinds"}
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.BLOB,)
    rest_where: ClassVar[frozenset[WhereKey]] = STORE_WHERE

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the seams are scoped with it
        if self.on == "rest":
            return seams.store.missing(share=self.share)
        return seams.gateway.rule(
            refusal(ErrorCode.BLOB_UNKNOWN),
            kinds=(RequestKind.BLOB,),
            methods=("GET", "HEAD"),
            share=self.share,
        )
