"""truncated_blob: layers end before their time."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import REQUESTS_WHERE, STORE_WHERE, ContentFault
from harness.seams import Injection, RequestKind, Seams, Truncate
from harness.units import Share


class TruncatedBlob(ContentFault):
    """Layers are truncated: in transit, or in storage.

    `on: wire` sends `keep` of the body under its full Content-Length and then closes cleanly
    (`ending: fin`, which a node resumes by Range) or resets (`ending: rst`, which it does not).
    `on: rest` truncates the stored blob, as after an interrupted upload or a full disk.
    Seen as: nothing where a node can resume; otherwise `short read: expected N bytes but got M:
    unexpected EOF`, or `read: connection reset by peer`.
    """

    example = "{on: wire, keep: 50%, ending: rst}"
    where_keys = REQUESTS_WHERE
    rest_where = STORE_WHERE
    request_kinds = (RequestKind.BLOB,)

    keep_share: Share = Field(0.5, alias="keep", lt=1, description="how much of it is left")
    ending: Literal["fin", "rst"] = Field("fin", description="on the wire: how it closes")

    def inject(self, seams: Seams) -> Injection:
        if self.on == "rest":
            return seams.store.cut(keep_share=self.keep_share, share=self.share)
        return seams.gateway.rule(
            Truncate(keep_share=self.keep_share, ending=self.ending),
            kinds=(RequestKind.BLOB,),
            methods=("GET",),
            share=self.share,
        )
