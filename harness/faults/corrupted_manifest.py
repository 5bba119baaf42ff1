"""corrupted_manifest: manifests arrive with bytes that are not theirs."""

from pydantic import Field, StrictInt

from harness.faults._fault import ContentFault
from harness.seams import Corrupt, Injection, RequestKind, Seams


class CorruptedManifest(ContentFault):
    """Manifests arrive with corrupted bytes, but correct length and digest header.

    `on: wire` flips bytes of responses to a share of the requests, `on: rest` in storage. The tag
    still resolves by HEAD; the manifest that follows does not match its digest.
    Seen as: `failed commit on ref "manifest-sha256:D": unexpected commit digest sha256:E, expected
    sha256:D: failed precondition` (`index-` for one of several platforms).
    """

    example = "{on: wire, flip: 1, share: 50%}"
    request_kinds = (RequestKind.MANIFEST,)

    flip_bytes: StrictInt = Field(
        1, alias="flip", ge=1, le=256, description="bytes to flip a manifest"
    )

    def inject(self, seams: Seams) -> Injection:
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
