"""image_garbage_collection: images vanish from nodes."""

from harness.faults._fault import NODES_WHERE, NodeFault
from harness.seams import Injection, Seams


class ImageGarbageCollection(NodeFault):
    """Images are removed from nodes, as by kubelet's garbage collection: the next pod pulls again.

    When the fault starts, the images of the repositories in scope are removed once, with the
    content that no other image uses; nothing is undone at the end. Pulls in progress are not
    affected. Keep it short (`for: 1s`), at a time when nodes have the image. On real nodes a
    running container keeps its layers, so only manifests and config are pulled again.
    Seen as: no event of its own; `Pulling` where `already present on machine` was expected.
    """

    where_keys = NODES_WHERE | {"repository"}

    def inject(self, seams: Seams) -> Injection:
        return seams.cluster.remove_images(share=self.share)
