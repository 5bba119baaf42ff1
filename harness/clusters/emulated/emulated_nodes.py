"""The cluster seam over emulated nodes: faults' changes as orders to the load's processes."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from harness.environment.scope import FaultScope
from harness.load.driver import LoadRun
from harness.load.node_changes import NodeChange, Part
from harness.load.orders import CLIENTS_NODE
from harness.seams import Bites, HostsMistake, Injection

_READ_AT_EACH_PULL: Final = ("hosts", "credentials")


@dataclass(frozen=True, kw_only=True)
class EmulatedNodes:
    """The emulated nodes of a load under way; `nodes` without the background clients."""

    load: LoadRun
    nodes: tuple[str, ...]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def scoped(self, scope: FaultScope) -> "ScopedEmulatedNodes":
        """The seam for one occurrence of a fault."""
        return ScopedEmulatedNodes(emulated=self, scope=scope)

    def new_name(self, fault: str) -> str:
        """A name that no other change has."""
        return f"{fault}-{next(self._numbers)}"


@dataclass(frozen=True, kw_only=True)
class ScopedEmulatedNodes:
    """`seams.Nodes` for one occurrence of one fault."""

    emulated: EmulatedNodes
    scope: FaultScope
    _names: list[str] = field(default_factory=list)

    def hosts(self, mistake: HostsMistake, *, share: float = 1.0) -> Injection:
        """`seams.Nodes.hosts`; ChildError when the load does not obey. So do all below."""
        return self._changed("hosts", share, mistake=mistake.value)

    def credentials(self, state: Literal["wrong", "missing"], *, share: float = 1.0) -> Injection:
        return self._changed("credentials", share, state=state)

    def remove_images(self, *, share: float = 1.0) -> Injection:
        return self._changed("images", share, repository=self.scope.where.repository or "")

    def fill_disk(self, *, free_bytes: int, share: float = 1.0) -> Injection:
        return self._changed("disk", share, free_bytes=free_bytes)

    def pull_qps(self, *, qps: int, burst: int, share: float = 1.0) -> Injection:
        return self._changed("pull_qps", share, qps=qps, burst=burst)

    async def bites(self) -> Bites:
        """What the nodes have reported; they report once a second and at their end."""
        counts = {name: self.emulated.load.bites(name) for name in self._names}
        return Bites(count=sum(counts.values()), details=counts)

    @asynccontextmanager
    async def _changed(self, part: Part, share: float, **settings: Any) -> AsyncIterator[None]:
        change = NodeChange(
            name=self.emulated.new_name(self.scope.fault),
            fault=self.scope.fault,
            part=part,
            nodes=self._nodes(part, share),
            deadline_s=self.scope.deadline_s,
            settings=settings,
        )
        self._names.append(change.name)
        try:
            await self.emulated.load.order("change", change=asdict(change))
            yield
        finally:
            await self.emulated.load.order("restore", name=change.name)

    def _nodes(self, part: Part, share: float) -> tuple[str, ...]:
        """Raises LookupError when there is none that has this part."""
        named = self.scope.where.nodes
        nodes = named or (*self.emulated.nodes, CLIENTS_NODE)
        if part not in _READ_AT_EACH_PULL:
            nodes = tuple(node for node in nodes if node != CLIENTS_NODE)
        if not nodes:
            raise LookupError(f"where: background clients have no {part} that could be changed")
        return nodes if share >= 1 else self.scope.chance.pick(share, nodes)
