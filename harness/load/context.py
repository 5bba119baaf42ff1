"""What everything that makes load in one process shares."""

from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
from gevent.event import Event

from harness.load.counts import Counts
from harness.load.node_changes import NodeChanges
from harness.load.orders import LoadOrders, LoadTarget
from harness.load.samples_file import SampleWriter
from harness.node.commands import Credentials
from harness.process.clock import monotonic_s

# name, seconds, bytes, error text ("" when it went well)
Fire = Callable[[str, float, int, str], None]


@dataclass(frozen=True, kw_only=True)
class LoadContext:
    """`fire` tells Locust of each pull and push; `stopping` is set when the load must end.

    `changes` are what faults have changed of the nodes.
    """

    orders: LoadOrders
    target: LoadTarget
    samples: SampleWriter
    counts: Counts
    fire: Fire
    stopping: Event = field(default_factory=Event)
    changes: NodeChanges = field(default_factory=NodeChanges)

    @property
    def credentials(self) -> Credentials | None:
        """As whom to pull; None is anonymous."""
        if not self.target.username:
            return None
        return Credentials(username=self.target.username, password=self.target.password)

    def now_s(self) -> float:
        """Seconds since the run began."""
        return monotonic_s() - self.target.clock_start_s

    def sleep_until(self, at_s: float) -> bool:
        """Wait for `at_s`; False when the load was stopped before."""
        wait_s = at_s - self.now_s()
        if wait_s > 0:
            return not self.stopping.wait(wait_s)
        gevent.sleep(0)
        return not self.stopping.is_set()
