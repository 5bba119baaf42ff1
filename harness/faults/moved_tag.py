"""moved_tag: tags name another version; every pull succeeds."""

from contextlib import AbstractAsyncContextManager
from typing import Literal

from pydantic import Field

from harness.faults._fault import ContentFault
from harness.seams import OtherImage, RequestKind, Seams


class MovedTag(ContentFault):
    """Tags name another version than they were pushed with, and every pull succeeds.

    `to: older` and `to: newer` name the version before or after it, where there is one;
    `to: another` one that nobody pushed: the same layers under another config. `on: wire` answers
    a share of the requests by tag so, `on: rest` moves tags for everybody.
    Seen as: nothing. The wrong version runs, and a node that has it already even starts faster:
    only the bites, which count answers for these tags with another digest, tell. Pull by digest.
    """

    example = "{on: rest, to: older}"
    request_kinds = (RequestKind.MANIFEST,)

    to: Literal["older", "newer", "another"] = Field(
        "older", description="which version the tags name"
    )

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        if self.on == "rest":
            return seams.store.retagged(OtherImage(self.to), share=self.share)
        return seams.gateway.instead(OtherImage(self.to), share=self.share)
