"""Where the pods of a run are: what a run and `up` ask of it, whichever provider it is of.

A provider is one folder here, and one line in `providers.py`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.environment.lab import ClusterNodes, Lab, Record
from harness.environment.lab_settings import LabSettings
from harness.load.driver import LoadRun
from harness.load.orders import LoadOrders
from harness.plan.plan import Plan
from harness.process.child import Run


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """What the command line adds to a real cluster.

    `config` None: a plain one. `image`: the node image where the scenario names none. `keep`: leave
    the cluster there at the end. `reuse`: the name of one that was kept. `kubeconfigs`: the user's
    own files, where an existing cluster's context is looked for.
    """

    config: Path | None = None
    image: str | None = None
    kind_path: str | None = None
    engine: str | None = None
    keep: bool = False
    reuse: str | None = None
    kubeconfigs: tuple[Path, ...] = ()
    allowed_contexts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClusterOrder:
    """What a provider opens its cluster for, and how."""

    run: Run
    plan: Plan
    lab: LabSettings
    options: ClusterOptions
    record: Record


class Clock(Protocol):
    """The run's clock."""

    def now_s(self) -> float: ...

    async def sleep_until(self, at_s: float) -> None: ...


class Cluster(Protocol):
    """An open cluster, with the lab that its nodes pull from."""

    @property
    def lab(self) -> Lab: ...

    @property
    def load_orders(self) -> LoadOrders:
        """What the load's processes do: not what the cluster does by itself."""
        ...

    def nodes(self, load: LoadRun) -> ClusterNodes:
        """The nodes as faults see them."""
        ...

    async def roll_out(self, clock: Clock) -> bool:
        """Whether all pods that it makes by itself became Ready, once they did or are given up.

        What was seen of them is recorded however it ends. Raises ClusterError.
        """
        ...

    def tallies(self, load: LoadRun) -> AsyncIterator[Mapping[str, Any]]:
        """The counts of the load and of its own pods together, as `LoadTally` has them."""
        ...

    async def dead_nodes(self) -> Mapping[str, str]:
        """Why each node that is dead is, by the plan's name. Raises ClusterError."""
        ...

    async def export_logs(self, folder: Path) -> None:
        """Put what the nodes wrote into `folder`, as much as can be had."""
        ...

    def description(self) -> Mapping[str, str] | None:
        """How kubectl and pods get in, stable keys; None where there is no Kubernetes."""
        ...


# Raises EnvironmentFailed while it opens, ClusterError when something cannot be undone.
OpenCluster = Callable[[ClusterOrder], AbstractAsyncContextManager[Cluster]]
