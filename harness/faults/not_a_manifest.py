"""not_a_manifest: what tags name is stored, has the right digest, and is no manifest."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import ContentFault
from harness.seams import Injection, OtherImage, RequestKind, Seams


class NotAManifest(ContentFault):
    """Tags name content that is no manifest, although its digest and media type say it is one.

    As after a proxy stored its login page, or a tool pushed a document of its own: every check of
    a digest passes. `content` is a page of HTML, JSON of something else, or nothing. `on: wire`
    answers a share of the requests by tag this way, `on: rest` stores it for everyone.
    Seen as: `children: invalid desc sha256:D: invalid character '<' looking for beginning of value`
    for HTML; `unable to fetch descriptor (D) which reports content size of zero: invalid argument`
    for nothing, and without a digest, `descriptor ()`, for other JSON.
    """

    example = "{on: rest, content: html}"
    request_kinds = (RequestKind.MANIFEST,)

    content: Literal["html", "json", "empty"] = Field("html", description="what the tags name")

    def inject(self, seams: Seams) -> Injection:
        other = OtherImage(self.content)
        if self.on == "rest":
            return seams.store.retagged(other, share=self.share)
        return seams.gateway.instead(other, share=self.share)
