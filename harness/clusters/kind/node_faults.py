"""What faults change inside a node, and its exact undoing: dropped packets, and a small disk."""

import re
from dataclasses import dataclass
from typing import Final

from harness.clusters.kind.containers import Engine
from harness.clusters.kind.node_changes import IPTABLES_WAIT_S, FirewallRule, NodeChange, run_mark
from harness.node.hosts import NOBODY

CONTENT_FOLDER: Final = "/var/lib/containerd/io.containerd.content.v1.content"
# A node of kind's keeps its filesystem on this machine's own disk, which must never be filled. So
# containerd's content is copied into memory, and as much room as was requested is left there. kind
# lets containerd throw layers away when they are unpacked, so that this is little.
CONTENT_BYTES_MAX: Final = 256 << 20
_STAGE: Final = "/run/harness-disk"
# $1 content, $2 stage, $3 most bytes, $4 free bytes. The small disk appears whole, at once.
MOUNT: Final = """set -e
held=$(du -sb "$1" | cut -f1)
if [ "$held" -gt "$3" ]; then
  echo "containerd holds $held bytes of content, more than the $3 that are copied" >&2; exit 1
fi
mkdir -p "$2/before" "$2/small"
mount --bind "$1" "$2/before"
mount -t tmpfs -o "size=$((2 * $3 + $4)),mode=0700" harness "$2/small"
cp -a "$2/before/." "$2/small/"
used=$(df -B1 --output=used "$2/small" | tail -n 1)
mount -o "remount,size=$((used + $4))" "$2/small"
mount --bind "$2/small" "$1"
"""
# $1 content, $2 stage. What came meanwhile stays; who still has a file open is not waited for.
UNMOUNT: Final = """set -e
[ -d "$2" ] || exit 0
if mountpoint -q "$2/small" && [ "$(stat -c %d "$1")" = "$(stat -c %d "$2/small")" ]; then
  if [ -d "$1/blobs" ]; then cp -a -n "$1/blobs" "$2/before/"; fi
  umount -l "$1"
fi
for place in small before; do
  if mountpoint -q "$2/$place"; then umount -l "$2/$place"; fi
  rmdir "$2/$place"
done
rmdir "$2"
echo removed
"""
_MOUNT_S: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class NodeDrop(FirewallRule):
    """Lets packets to an address that is nobody's vanish, whatever the network says of it."""

    kind = "remove_node_drop"

    @property
    def about(self) -> str:
        return f"rule that drops what goes to {NOBODY}"

    def _argv(self, action: str, run_id: str) -> tuple[str, ...]:
        return (
            *("iptables", "-w", IPTABLES_WAIT_S, action, "OUTPUT", "-d", f"{NOBODY}/32"),
            *("-m", "comment", "--comment", run_mark(run_id), "-j", "DROP"),
        )


@dataclass(frozen=True, kw_only=True)
class NodeDisk(NodeChange):
    """Gives a node's containerd a disk in memory for its content, with `free_bytes` of room."""

    kind = "unmount_node_disk"

    @property
    def about(self) -> str:
        return "small disk for images"

    async def mount(self, run_id: str, engine: Engine, free_bytes: int) -> None:
        """Raises EngineError; CommandFailed when there is too much content to copy."""
        words = (CONTENT_FOLDER, _stage(run_id), str(CONTENT_BYTES_MAX), str(free_bytes))
        argv = ("sh", "-c", MOUNT, "sh", *words)
        await engine.execute(self.container, argv, timeout_s=_MOUNT_S)

    async def undone(self, run_id: str, engine: Engine) -> bool:
        argv = ("sh", "-c", UNMOUNT, "sh", CONTENT_FOLDER, _stage(run_id))
        return bool(await engine.execute(self.container, argv, timeout_s=_MOUNT_S))


def with_pull_limits(config: str, *, qps: int, burst: int) -> str:
    """A kubelet's configuration (YAML) with these limits in place of its own."""
    rest = re.sub(r"(?m)^(registryPullQPS|registryBurst):.*\n?", "", config)
    return f"{rest.rstrip()}\nregistryPullQPS: {qps}\nregistryBurst: {burst}\n"


def _stage(run_id: str) -> str:
    return f"{_STAGE}-{run_id}"
