"""Waits for a new cluster: every node Ready, and every node able to run pods."""

import asyncio
import time
from collections.abc import Collection
from typing import Final

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import Engine
from harness.clusters.kind.kind_cluster import ask_nodes, ask_system_pods, unready
from harness.clusters.rollouts.kubernetes import KubernetesNode

_POLL_S: Final = 0.5


class IdleNodeError(ClusterError):
    """A node is Ready and starts no pod: its images did not all get there, for one."""


async def await_ready(
    engine: Engine,
    containers: Collection[str],
    *,
    control_plane: str,
    ready_timeout_s: float,
    pods_timeout_s: float,
) -> dict[str, KubernetesNode]:
    """The nodes by name, once those of all `containers` are Ready and their system pods run.

    Raises IdleNodeError when they are Ready and pods do not run within `pods_timeout_s`, else
    ClusterError after `ready_timeout_s`.
    """
    until = time.monotonic() + ready_timeout_s
    idle_until: float | None = None
    idle: dict[str, str] = {}
    while True:
        try:
            nodes = await ask_nodes(engine, control_plane)
            waiting = unready(nodes, containers)
            idle = {} if waiting else await ask_system_pods(engine, control_plane)
        except ClusterError as error:
            nodes, waiting = {}, {control_plane: str(error)}
        if not waiting and not idle:
            return nodes
        now = time.monotonic()
        if idle and idle_until is None:
            idle_until = now + pods_timeout_s
        if now > (until if waiting else idle_until or until):
            name, reason = next(iter((waiting or idle).items()))
            if not waiting:
                limit = f"within {pods_timeout_s:g} s"
                raise IdleNodeError(f"{name}: Ready, and runs no pod {limit}: {reason}")
            raise ClusterError(f"{name}: not Ready within {ready_timeout_s:g} s: {reason}")
        await asyncio.sleep(_POLL_S)
