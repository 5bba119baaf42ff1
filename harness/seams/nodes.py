"""The cluster seam: the nodes that pull, and what Kubernetes gives them."""

from enum import StrEnum
from typing import Literal, Protocol

from harness.seams.scope import Injection


class HostsMistake(StrEnum):
    """What is wrong in a node's hosts.toml, which containerd reads at each pull.

    The first three stand in the registry's place; the others are mirrors before it, which
    containerd asks first, at each request.
    """

    WRONG_HOST = "wrong_host"  # a name that nobody has
    WRONG_PORT = "wrong_port"  # where nobody listens
    WRONG_PATH = "wrong_path"  # the registry, below a path where it holds nothing
    MIRROR_WITHOUT_CONTENT = "mirror_without_content"  # answers 404 to everything
    MIRROR_REFUSES = "mirror_refuses"  # connections are refused
    MIRROR_DROPS = "mirror_drops"  # connections get no answer at all


class Nodes(Protocol):
    """The nodes that pull, and what Kubernetes gives them.

    `share` chooses nodes. Background clients are the node "clients" for what is read at each pull
    (`hosts`, `credentials`); they have no kubelet, keep no image and fill no disk.
    """

    def hosts(self, mistake: HostsMistake, *, share: float = 1.0) -> Injection:
        """Put `mistake` into the hosts.toml of the nodes in scope.

        Bites: requests that went to the wrong place.
        """
        ...

    def credentials(self, state: Literal["wrong", "missing"], *, share: float = 1.0) -> Injection:
        """Let the pull secret hold a wrong password, or be absent, for the nodes in scope.

        On real nodes a secret belongs to a namespace, not to a node: `share` and `where.nodes`
        are refused there. Bites: pulls that were refused for it.
        """
        ...

    def remove_images(self, *, share: float = 1.0) -> Injection:
        """Remove the images of the repository in scope from the nodes, once; the next pod pulls.

        Bites: images removed, each counted once a node.
        """
        ...

    def fill_disk(self, *, free_bytes: int, share: float = 1.0) -> Injection:
        """Leave `free_bytes` for images on the nodes until the block is left.

        Bites: downloads that found no room.
        """
        ...

    def pull_qps(self, *, qps: int, burst: int, share: float = 1.0) -> Injection:
        """Lower kubelet's `registryPullQPS` and `registryBurst`. Bites: attempts it refused."""
        ...
