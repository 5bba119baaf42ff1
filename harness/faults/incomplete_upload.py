"""incomplete_upload: layers were never uploaded to their end."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import STORE_WHERE, Fault, WhereKey
from harness.seams import RequestKind, Seam, Seams
from harness.units import ChosenShare, Share


class IncompleteUpload(Fault):
    """Layers were never uploaded to their end, and the manifest was accepted all the same.

    Stored layers are taken away, and `uploaded` of each lies among the uploads of the registry, as
    when a push broke off and a registry that does not check let the tag be pushed. Who pushes the
    image again heals it.
    Seen as: `failed to copy: httpReadSeeker: failed open: could not fetch content descriptor D (T)
    from remote: not found`, the same as for a layer that was lost.
    """

    area: ClassVar[str] = "images"
    seam: ClassVar[Seam] = Seam.STORE
    example: ClassVar[str] = "{uploaded: 50%}"
    where_keys: ClassVar[frozenset[WhereKey]] = STORE_WHERE
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.BLOB,)

    uploaded_share: Share = Field(
        0.5, alias="uploaded", lt=1, description="how much of each layer had arrived"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the seams are scoped with it
        return seams.store.missing(share=self.share, uploaded_share=self.uploaded_share)
