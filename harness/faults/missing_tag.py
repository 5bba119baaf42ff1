"""missing_tag: tags are not there; what they named is."""

from harness.faults._answers import refusal
from harness.faults._fault import ContentFault
from harness.oci.errors import ErrorCode
from harness.seams import Injection, RequestKind, Seams


class MissingTag(ContentFault):
    """Tags are missing; their images are not.

    `on: wire` answers a share of the requests by tag with 404, as from an outdated replica; `on:
    rest` removes tags. Pulls by digest are not affected.
    Seen as: `failed to resolve reference "R": R: not found`.
    """

    example = "{on: rest}"
    request_kinds = (RequestKind.MANIFEST,)

    def inject(self, seams: Seams) -> Injection:
        if self.on == "rest":
            return seams.store.untagged(share=self.share)
        return seams.gateway.rule(
            refusal(ErrorCode.MANIFEST_UNKNOWN),
            kinds=(RequestKind.MANIFEST,),
            methods=("GET", "HEAD"),
            share=self.share,
            by="tag",
        )
