"""What goes wrong with a cluster, in one sentence."""

from harness.process.child import ChildError


class ClusterError(ChildError):
    """The cluster, its engine or a node of it does not do what it must. One sentence."""
