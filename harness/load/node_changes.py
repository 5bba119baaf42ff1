"""What faults have changed of this process's nodes, since when, until when, and whom it bit."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from harness.node.commands import Credentials
from harness.node.hosts import Hosts, hosts_with
from harness.process.clock import monotonic_s
from harness.recording.outcome import Cause
from harness.seams import HostsMistake

Part = Literal["hosts", "credentials", "images", "disk", "pull_qps"]


@dataclass(frozen=True, kw_only=True)
class NodeChange:
    """One change of one part of some nodes; it ends by itself at `deadline_s` (monotonic).

    `settings` by part: hosts `mistake`; credentials `state` (wrong, missing); images `repository`
    (a glob, "" for all); disk `free_bytes`; pull_qps `qps` and `burst`.
    """

    name: str
    fault: str
    part: Part
    nodes: tuple[str, ...]
    deadline_s: float
    settings: Mapping[str, Any] = field(default_factory=dict)


def change_from(data: Mapping[str, Any]) -> NodeChange:
    """The change that `dataclasses.asdict` made plain."""
    return NodeChange(**{**data, "nodes": tuple(data["nodes"])})


class Led(Protocol):
    """The wire of a pull, which may be led astray; see `node_client.NodeWire`."""

    @property
    def registry_url(self) -> str: ...

    def lead_astray(self, url: str, fault: str, tell: Callable[[], None]) -> None: ...


Heard = Callable[[NodeChange], None]  # a change that began or ended


class NodeChanges:
    """The changes that are on. Of two of one part of one node the later counts."""

    def __init__(self) -> None:
        self.bites: Counter[str] = Counter()
        self._on: dict[str, NodeChange] = {}
        self._listening: dict[str, list[Heard]] = defaultdict(list)

    def begin(self, change: NodeChange) -> None:
        self._on[change.name] = change
        self.bites[change.name] += 0
        self._tell(change)

    def end(self, name: str) -> None:
        """Undo it; nothing when it has ended already."""
        change = self._on.pop(name, None)
        if change is not None:
            self._tell(change)

    def is_on(self, change: NodeChange) -> bool:
        """Whether it still holds; its deadline counts also before anybody has ended it."""
        return change.name in self._on and monotonic_s() < change.deadline_s

    def of(self, node: str, part: Part) -> NodeChange | None:
        """What holds of `node` now."""
        mine = [it for it in self._on.values() if it.part == part and node in it.nodes]
        return next((it for it in reversed(mine) if self.is_on(it)), None)

    def listen(self, node: str, heard: Heard) -> None:
        """Call `heard` for each change of `node` that is on, begins or ends."""
        self._listening[node].append(heard)
        for change in self._on.values():
            if node in change.nodes:
                heard(change)

    def bite(self, change: NodeChange | None, times: int = 1) -> None:
        """Count that `change` made a difference; nothing for None."""
        if change is not None and times:
            self.bites[change.name] += times

    def _tell(self, change: NodeChange) -> None:
        for node in change.nodes:
            for heard in self._listening[node]:
                heard(change)


class PullChanges:
    """What holds for one pull of `node` from its beginning on: containerd reads it once."""

    def __init__(self, changes: NodeChanges, node: str) -> None:
        self._changes = changes
        self._hosts = changes.of(node, "hosts")
        self._credentials = changes.of(node, "credentials")

    def hosts_of(self, wire: Led) -> Hosts:
        """Whom the pull asks over `wire`, which tells of each request that goes astray."""
        change = self._hosts
        if change is None:
            return hosts_with(None, wire.registry_url)
        hosts = hosts_with(HostsMistake(change.settings["mistake"]), wire.registry_url)
        wire.lead_astray(hosts.astray, change.fault, lambda: self._changes.bite(change))
        return hosts

    def credentials(self, own: Credentials | None) -> Credentials | None:
        """As whom it pulls, when `own` are the right credentials."""
        change = self._credentials
        if change is None or own is None:
            return own
        if change.settings["state"] == "missing":
            return None
        return replace(own, password=f"not {own.username}'s password")

    def over(self, cause: Cause) -> None:
        """Count a pull that was refused for its credentials."""
        self._changes.bite(self._credentials, int(cause is Cause.AUTH))
