"""image_garbage_collection: images vanish from nodes."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class ImageGarbageCollection(Fault):
    """Images vanish from nodes, as when kubelet makes room: the next pod has to pull again.

    At the beginning of the fault the images of the repositories in scope are removed once, with the
    content that they alone held; nothing is undone at its end. Pulls under way keep what they have.
    Give it a moment (`for: 1s`), while nodes hold the image. On real nodes a running container
    keeps its layers, so that only manifests and config are pulled again.
    Seen as: no event of its own; `Pulling` where `already present on machine` was expected.
    """

    area: ClassVar[str] = "nodes"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE | {"repository"}

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        return seams.cluster.remove_images(share=self.share)
