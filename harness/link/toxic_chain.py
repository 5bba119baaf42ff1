"""The toxics of one proxy, and the stages that they are on each of its connections."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from harness.chance import Chance
from harness.link.stage import Draw, Item, Stage, Tally
from harness.link.toxics import TOXICS
from harness.process.clock import monotonic_s

STREAMS: Final = ("upstream", "downstream")  # in the order in which Toxiproxy lists them


class Restaged(Protocol):
    """One direction of a connection; see `flow.Flow`."""

    def restage(self, stages: list[Stage], left: list[tuple[int, list[Item]]]) -> None: ...


class Chained(Protocol):
    """A connection that goes through the toxics; see `proxied_connection.ProxiedConnection`."""

    @property
    def number(self) -> int: ...
    @property
    def flows(self) -> Mapping[str, Restaged]: ...

    def close(self) -> None: ...


@dataclass(kw_only=True)
class Toxic:
    """A toxic on one proxy. `stages` by connection number; a connection it spares has none."""

    name: str
    type: str
    stream: str
    toxicity: float
    attributes: dict[str, int]
    tally: Tally
    stages: dict[int, Stage] = field(default_factory=dict)
    deadline: asyncio.TimerHandle | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "attributes": self.attributes,
            "name": self.name,
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }


class ToxicChain:
    """Toxics in the order in which bytes meet them. `proxy`: its name, which chance depends on."""

    def __init__(self, proxy: str, *, seed: int) -> None:
        self.tallies: dict[str, Tally] = {}
        self._proxy = proxy
        self._seed = seed
        self._toxics: list[Toxic] = []
        self._connections: dict[int, Chained] = {}

    def __iter__(self) -> Iterator[Toxic]:
        return iter(tuple(self._toxics))

    def in_order(self) -> list[Toxic]:
        """As Toxiproxy lists them: those of the upstream first."""
        return sorted(self._toxics, key=lambda toxic: STREAMS.index(toxic.stream))

    def admit(self, connection: Chained) -> None:
        """Put a new connection through all toxics."""
        self._connections[connection.number] = connection
        for toxic in self._toxics:
            self._stage(toxic, connection)
        for stream in STREAMS:
            self._restage(connection, stream)

    def forget(self, connection: Chained) -> None:
        """Drop a connection that is closed."""
        self._connections.pop(connection.number, None)
        for toxic in self._toxics:
            toxic.stages.pop(connection.number, None)

    def end_connections(self) -> int:
        """Close every open connection; how many there were."""
        ended = tuple(self._connections.values())
        for connection in ended:
            connection.close()
        return len(ended)

    def cancel_deadlines(self) -> None:
        """Leave every toxic as it is for good."""
        for toxic in self._toxics:
            if toxic.deadline is not None:
                toxic.deadline.cancel()

    def add(self, toxic: Toxic, *, lifetime_s: float | None = None) -> None:
        """Put `toxic` behind the others, on open connections too."""
        self._toxics.append(toxic)
        for connection in tuple(self._connections.values()):
            self._stage(toxic, connection)
            self._restage(connection, toxic.stream)
        if lifetime_s is not None:
            toxic.deadline = asyncio.get_running_loop().call_later(lifetime_s, self.remove, toxic)

    def update(self, toxic: Toxic) -> None:
        """Go on with the toxic's new attributes and toxicity; what waited is let go."""
        for connection in tuple(self._connections.values()):
            former = toxic.stages.pop(connection.number, None)
            left: list[tuple[int, list[Item]]] = []
            self._stage(toxic, connection)
            stage = toxic.stages.get(connection.number)
            if former is not None:
                items = former.leave() if stage is None else stage.succeed(former)
                behind = self._stages(connection, toxic.stream, after=toxic)
                left = [(-len(behind), items)]
            self._restage(connection, toxic.stream, left)

    def remove(self, toxic: Toxic) -> None:
        """Take `toxic` away; what waited in it goes on at once."""
        if toxic.deadline is not None:
            toxic.deadline.cancel()
        if toxic not in self._toxics:
            return
        behind = {
            number: self._stages(connection, toxic.stream, after=toxic)
            for number, connection in self._connections.items()
        }
        self._toxics.remove(toxic)
        for connection in tuple(self._connections.values()):
            stage = toxic.stages.pop(connection.number, None)
            if stage is not None:
                left = [(-len(behind[connection.number]), stage.leave())]
                self._restage(connection, toxic.stream, left)

    def tally(self, toxic: str) -> Tally:
        """The counts of the toxic of this name, kept after it is gone."""
        return self.tallies.setdefault(toxic, Tally())

    def _stage(self, toxic: Toxic, connection: Chained) -> None:
        draw = Draw(
            chance=Chance(self._seed, f"{self._proxy}/{toxic.name}"), connection=connection.number
        )
        if draw.says(toxic.toxicity):
            kind = TOXICS[toxic.type]
            toxic.stages[connection.number] = kind(
                toxic.attributes, draw, toxic.tally, monotonic_s()
            )

    def _stages(
        self, connection: Chained, stream: str, *, after: Toxic | None = None
    ) -> list[Stage]:
        toxics = self._toxics if after is None else self._toxics[self._toxics.index(after) + 1 :]
        return [
            toxic.stages[connection.number]
            for toxic in toxics
            if toxic.stream == stream and connection.number in toxic.stages
        ]

    def _restage(
        self,
        connection: Chained,
        stream: str,
        left: list[tuple[int, list[Item]]] | None = None,
    ) -> None:
        """`left`: items with their place counted from the end (-n: before the last n stages)."""
        stages = self._stages(connection, stream)
        placed = [(len(stages) + place, items) for place, items in left or []]
        connection.flows[stream].restage(stages, placed)
