"""incomplete_upload: layers were never uploaded to their end."""

from pydantic import Field

from harness.faults._fault import StoreFault
from harness.seams import Injection, RequestKind, Seams
from harness.units import ChosenShare, Share


class IncompleteUpload(StoreFault):
    """Layers were never uploaded completely, but the manifest was accepted.

    Stored layers are removed, and the first `uploaded` part of each is left among the registry's
    uploads, as after an interrupted push to a registry that does not verify manifests. Pushing the
    image again repairs it.
    Seen as: `failed to copy: httpReadSeeker: failed open: could not fetch content descriptor D (T)
    from remote: not found`, the same as for a layer that was lost.
    """

    area = "images"
    example = "{uploaded: 50%}"
    request_kinds = (RequestKind.BLOB,)

    uploaded_share: Share = Field(
        0.5, alias="uploaded", lt=1, description="how much of each layer had arrived"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams) -> Injection:
        return seams.store.missing(share=self.share, uploaded_share=self.uploaded_share)
