"""missing_blob: layers are not there, although manifests name them."""

from harness.faults._answers import refusal
from harness.faults._fault import REQUESTS_WHERE, STORE_WHERE, ContentFault
from harness.oci.errors import ErrorCode
from harness.seams import Injection, RequestKind, Seams


class MissingBlob(ContentFault):
    """Layers are missing, although manifests refer to them.

    `on: wire` answers a share of the requests for blobs with 404, as from a replica that does not
    have them yet; `on: rest` removes stored layers, as after a failed disk or an over-eager
    garbage collection. Tags and manifests look intact.
    Seen as: `failed to copy: httpReadSeeker: failed open: could not fetch content descriptor D (T)
    from remote: not found`.
    """

    example = "{on: rest}"
    where_keys = REQUESTS_WHERE - {"kinds"}
    request_kinds = (RequestKind.BLOB,)
    rest_where = STORE_WHERE

    def inject(self, seams: Seams) -> Injection:
        if self.on == "rest":
            return seams.store.missing(share=self.share)
        return seams.gateway.rule(
            refusal(ErrorCode.BLOB_UNKNOWN),
            kinds=(RequestKind.BLOB,),
            methods=("GET", "HEAD"),
            share=self.share,
        )
