"""pull_qps: kubelet's own limit refuses pulls."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class PullQps(Fault):
    """Kubelet's own limit refuses pulls: `registryPullQPS` and `registryBurst` are too low.

    A token bucket that does not wait: a pull that finds it empty fails at once, without a request,
    and its pod backs off. Pods that start together on one node make it so, most of all with
    parallel pulls and images that are checked each time (`Always`).
    Seen as: `Failed to pull image "X": pull QPS exceeded`, reason `ErrImagePull`.
    """

    area: ClassVar[str] = "nodes"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{qps: 1, burst: 1}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE

    qps: int = Field(1, ge=1, le=1000, description="registryPullQPS while it lasts; usual is 5")
    burst: int = Field(1, ge=1, le=1000, description="registryBurst while it lasts; usual is 10")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        return seams.cluster.pull_qps(qps=self.qps, burst=self.burst, share=self.share)
