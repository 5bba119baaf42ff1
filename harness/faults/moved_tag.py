"""moved_tag: tags name another version; every pull succeeds."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import ContentFault
from harness.seams import Injection, OtherImage, RequestKind, Seams


class MovedTag(ContentFault):
    """Tags point to another version than the one pushed, and every pull succeeds.

    `to: older` and `to: newer` are the versions before and after it, if there is one; `to:
    another` is an image that nobody pushed, with the same layers and another config. `on: wire`
    answers a share of the requests by tag this way, `on: rest` moves tags for everyone.
    Seen as: nothing. The wrong version runs, and a node that has it already even starts faster.
    Only the number of affected requests shows it. Pull by digest to prevent it.
    """

    example = "{on: rest, to: older}"
    request_kinds = (RequestKind.MANIFEST,)

    to: Literal["older", "newer", "another"] = Field(
        "older", description="which version the tags name"
    )

    def inject(self, seams: Seams) -> Injection:
        if self.on == "rest":
            return seams.store.retagged(OtherImage(self.to), share=self.share)
        return seams.gateway.instead(OtherImage(self.to), share=self.share)
