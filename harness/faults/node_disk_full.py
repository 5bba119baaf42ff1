"""node_disk_full: nodes have no room for images."""

from contextlib import AbstractAsyncContextManager

from pydantic import Field

from harness.faults._fault import NodeFault
from harness.seams import Seams
from harness.units import ByteCount


class NodeDiskFull(NodeFault):
    """Nodes have no room for images: `free` is left, and no more.

    A blob that is larger than the room fails when that is used up; what was written of it is
    removed again, so that each attempt downloads the same bytes in vain. Downloads under way when
    the fault begins had their room already. Kubelet's eviction of pods is another matter, and does
    not happen.
    Seen as: `failed to copy: write P/ingest/H/data: no space left on device`.
    """

    example = "{free: 1MiB}"

    free_bytes: ByteCount = Field(
        1 << 20, alias="free", description="the room that is left, for manifests and small layers"
    )

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.cluster.fill_disk(free_bytes=self.free_bytes, share=self.share)
