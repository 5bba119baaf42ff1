"""pull_qps: kubelet's own limit refuses pulls."""

from pydantic import Field

from harness.faults._fault import NodeFault
from harness.seams import Injection, Seams


class PullQps(NodeFault):
    """Kubelet's own limit refuses pulls: `registryPullQPS` and `registryBurst` are too low.

    The limit is a token bucket that does not wait: if it is empty, a pull fails at once, without a
    request, and its pod backs off. This happens when pods start together on one node, especially
    with parallel pulls and images that are checked each time (`Always`).
    Seen as: `Failed to pull image "X": pull QPS exceeded`, reason `ErrImagePull`.
    """

    example = "{qps: 1, burst: 1}"

    qps: int = Field(1, ge=1, le=1000, description="registryPullQPS while it lasts; usual is 5")
    burst: int = Field(1, ge=1, le=1000, description="registryBurst while it lasts; usual is 10")

    def inject(self, seams: Seams) -> Injection:
        return seams.cluster.pull_qps(qps=self.qps, burst=self.burst, share=self.share)
