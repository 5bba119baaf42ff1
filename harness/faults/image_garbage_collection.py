"""image_garbage_collection: images vanish from nodes."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import NODES_WHERE, NodeFault
from harness.seams import Seams


class ImageGarbageCollection(NodeFault):
    """Images vanish from nodes, as when kubelet makes room: the next pod has to pull again.

    At the beginning of the fault the images of the repositories in scope are removed once, with the
    content that they alone held; nothing is undone at its end. Pulls under way keep what they have.
    Give it a moment (`for: 1s`), while nodes hold the image. On real nodes a running container
    keeps its layers, so that only manifests and config are pulled again.
    Seen as: no event of its own; `Pulling` where `already present on machine` was expected.
    """

    where_keys = NODES_WHERE | {"repository"}

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.cluster.remove_images(share=self.share)
