"""Applies what faults change of one emulated node to its kubelet and its content."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from harness.load.node_changes import NodeChange, NodeChanges
from harness.node.image_store import ContentStore
from harness.node.kubelet import Kubelet
from harness.node.settings import NodeSettings
from harness.oci.reference import parse_reference

PULL_SECRET: Final = "registry-credentials"  # noqa: S105  its name, as in a real cluster


@dataclass(kw_only=True)
class ChangedNode:
    """One node under the changes of its process."""

    node: str
    changes: NodeChanges
    kubelet: Kubelet
    content: ContentStore
    settings: NodeSettings

    def heed(self, change: NodeChange) -> None:
        """Apply a change that began, or what is left when it ended."""
        match change.part:
            case "images":
                if self.changes.is_on(change):
                    self.changes.bite(change, self._removed(change.settings["repository"]))
            case "disk":
                disk = self.changes.of(self.node, "disk")
                self.content.free_bytes = disk.settings["free_bytes"] if disk else float("inf")
            case "pull_qps":
                self._limit_pulls()
            case "credentials":
                secret = self.changes.of(self.node, "credentials")
                missing = secret is not None and secret.settings["state"] == "missing"
                self.kubelet.missing_secrets = (PULL_SECRET,) if missing else ()
            case "hosts":
                pass  # read at each pull

    def without_room(self) -> None:
        """Count the downloads that found no room since the last time."""
        found, self.content.without_room = self.content.without_room, 0
        self.changes.bite(self.changes.of(self.node, "disk"), found)

    def throttled(self) -> None:
        """Count an attempt that kubelet itself refused."""
        self.changes.bite(self.changes.of(self.node, "pull_qps"))

    def _limit_pulls(self) -> None:
        limit = self.changes.of(self.node, "pull_qps")
        qps, burst = self.settings.registry_pull_qps, self.settings.registry_burst
        if limit is not None:
            qps, burst = limit.settings["qps"], limit.settings["burst"]
        self.kubelet.limit_pulls(qps, burst)

    def _removed(self, repository: str) -> int:
        """How many images were removed: all that `repository`, a glob, matches."""
        gone = []
        for image in self.kubelet.images:
            name = parse_reference(image)
            if not repository or fnmatchcase(name.repository, repository):
                self.content.remove(str(name))
                gone.append(image)
        self.kubelet.images.difference_update(gone)
        return len(gone)
