"""corrupted_blob: layers arrive with bytes that are not theirs."""

from pydantic import Field, StrictInt

from harness.faults._fault import REQUESTS_WHERE, STORE_WHERE, ContentFault
from harness.seams import Corrupt, Injection, RequestKind, Seams


class CorruptedBlob(ContentFault):
    """Layers arrive with corrupted bytes, but correct length and headers.

    `on: wire` flips bytes of responses to a share of the requests, so a retry may succeed; `on:
    rest` flips them in the registry's storage, for everyone, until the fault is removed.
    Seen as: `failed commit on ref "layer-sha256:D": unexpected commit digest sha256:E, expected
    sha256:D: failed precondition`.
    """

    example = "{on: wire, flip: 1, share: 50%}"
    where_keys = REQUESTS_WHERE
    rest_where = STORE_WHERE
    request_kinds = (RequestKind.BLOB,)

    flip_bytes: StrictInt = Field(
        1, alias="flip", ge=1, le=4096, description="bytes to flip a blob"
    )

    def inject(self, seams: Seams) -> Injection:
        if self.on == "rest":
            return seams.store.flipped_bytes(flip_bytes=self.flip_bytes, share=self.share)
        return seams.gateway.rule(
            Corrupt(flip_bytes=self.flip_bytes),
            kinds=(RequestKind.BLOB,),
            methods=("GET",),
            share=self.share,
        )
