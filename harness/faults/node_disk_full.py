"""node_disk_full: nodes have no room for images."""

from pydantic import Field

from harness.faults._fault import NodeFault
from harness.seams import Injection, Seams
from harness.units import ByteCount


class NodeDiskFull(NodeFault):
    """Nodes have no space for images: only `free` is left.

    A blob that is larger fails when the space is used up, and its partial content is removed, so
    that each attempt downloads the same bytes for nothing. Downloads in progress when the fault
    starts are not affected. Kubelet's eviction of pods does not take place.
    Seen as: `failed to copy: write P/ingest/H/data: no space left on device`.
    """

    example = "{free: 1MiB}"

    free_bytes: ByteCount = Field(
        1 << 20, alias="free", description="the room that is left, for manifests and small layers"
    )

    def inject(self, seams: Seams) -> Injection:
        return seams.cluster.fill_disk(free_bytes=self.free_bytes, share=self.share)
