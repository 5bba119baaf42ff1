"""corrupted_manifest: manifests arrive with bytes that are not theirs."""

from contextlib import AbstractAsyncContextManager

from pydantic import Field, StrictInt

from harness.faults._fault import ContentFault
from harness.seams import Corrupt, RequestKind, Seams


class CorruptedManifest(ContentFault):
    """Manifests arrive with bytes that are not theirs, under the right length and digest.

    `on: wire` flips bytes of answers in a share of the requests, `on: rest` in the store. The tag
    is resolved as ever, by HEAD; then what comes is not what the digest says.
    Seen as: `failed commit on ref "manifest-sha256:D": unexpected commit digest sha256:E, expected
    sha256:D: failed precondition` (`index-` for one of several platforms).
    """

    example = "{on: wire, flip: 1, share: 50%}"
    request_kinds = (RequestKind.MANIFEST,)

    flip_bytes: StrictInt = Field(
        1, alias="flip", ge=1, le=256, description="bytes to flip a manifest"
    )

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        if self.on == "rest":
            return seams.store.flipped_bytes(
                flip_bytes=self.flip_bytes, share=self.share, of="manifests"
            )
        return seams.gateway.rule(
            Corrupt(flip_bytes=self.flip_bytes),
            kinds=(RequestKind.MANIFEST,),
            methods=("GET",),
            share=self.share,
        )
