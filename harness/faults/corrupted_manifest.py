"""corrupted_manifest: manifests arrive with bytes that are not theirs."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field, StrictInt

from harness.chance import Chance
from harness.faults._fault import ContentFault, WhereKey
from harness.seams import Corrupt, RequestKind, Seams


class CorruptedManifest(ContentFault):
    """Manifests arrive with bytes that are not theirs, under the right length and digest.

    `on: wire` flips bytes of answers in a share of the requests, `on: rest` in the store. The tag
    is resolved as ever, by HEAD; then what comes is not what the digest says.
    Seen as: `failed commit on ref "manifest-sha256:D": unexpected commit digest sha256:E, expected
    sha256:D: failed precondition` (`index-` for one of several platforms).
    """

    area: ClassVar[str] = "images"
    example: ClassVar[str] = "{on: wire, flip: 1, share: 50%}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.MANIFEST,)

    flip_bytes: StrictInt = Field(
        1, alias="flip", ge=1, le=256, description="bytes to flip a manifest"
    )

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the seams are scoped with it
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
