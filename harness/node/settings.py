"""Settings of a node; names and defaults are kubelet's and containerd's."""

from dataclasses import dataclass
from typing import Literal

PullPolicy = Literal["IfNotPresent", "Always"]


@dataclass(frozen=True, kw_only=True)
class NodeSettings:
    """Settings of every emulated node.

    All pulls of a node share its `max_concurrent_downloads` slots, as from containerd 2.1 on
    (before: each image had its own).
    """

    serialize_image_pulls: bool = True
    max_parallel_image_pulls: int = 0  # 0: no limit when pulls are not serialised
    registry_pull_qps: int = 5
    registry_burst: int = 10
    max_concurrent_downloads: int = 3
    image_pull_progress_timeout_s: float = 300.0
    unpack_bytes_per_s: float = 0.0  # 0: unpacking costs nothing
