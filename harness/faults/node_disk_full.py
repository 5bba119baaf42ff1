"""node_disk_full: nodes have no room for images."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ByteCount, ChosenShare


class NodeDiskFull(Fault):
    """Nodes have no room for images: `free` is left, and no more.

    A blob that is larger than the room fails when that is used up; what was written of it is
    removed again, so that each attempt downloads the same bytes in vain. Downloads under way when
    the fault begins had their room already. Kubelet's eviction of pods is another matter, and does
    not happen.
    Seen as: `failed to copy: write P/ingest/H/data: no space left on device`.
    """

    area: ClassVar[str] = "nodes"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{free: 1MiB}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE

    free_bytes: ByteCount = Field(
        1 << 20, alias="free", description="the room that is left, for manifests and small layers"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        return seams.cluster.fill_disk(free_bytes=self.free_bytes, share=self.share)
