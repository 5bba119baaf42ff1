"""The link of a simulation: listeners without sockets, and the embedded link's own toxics."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.environment.link_control import LinkControl
from harness.link.toxic_chain import Toxic, ToxicChain
from harness.link.toxics import TOXICS


class SimulatedProxy:
    """The listener of one node."""

    is_down = False
    drops_new = False

    def __init__(self, name: str, *, seed: int) -> None:
        self.toxics = ToxicChain(name, seed=seed)
        self.numbers = itertools.count(1)


class SimulatedLinkControl(LinkControl):
    """What the embedded link's API does, for `proxies` by node."""

    def __init__(self, proxies: Mapping[str, SimulatedProxy]) -> None:
        self.url = ""
        self._simulated = proxies

    def close(self) -> None:
        """Nothing is open."""

    def version(self) -> str:
        return "simulated"

    def add_toxic(
        self, proxies: Sequence[str], toxic: Mapping[str, Any], *, added: list[str], **extra: Any
    ) -> None:
        del extra  # its deadline is for a harness that dies, and the simulation dies with it
        known = dict.fromkeys(TOXICS[toxic["type"]].attributes, 0)
        for name in proxies:
            chain = self._simulated[name].toxics
            added.append(name)
            chain.add(
                Toxic(
                    name=toxic["name"],
                    type=toxic["type"],
                    stream=toxic["stream"],
                    toxicity=1.0,
                    attributes={**known, **toxic["attributes"]},
                    tally=chain.tally(toxic["name"]),
                )
            )

    def remove_toxic(self, proxies: Sequence[str], toxic: str) -> None:
        for name in proxies:
            chain = self._simulated[name].toxics
            for found in [it for it in chain if it.name == toxic]:
                chain.remove(found)

    def disable(self, proxies: Sequence[str], *, disabled: list[str], **extra: Any) -> None:
        for name in proxies:
            disabled.append(name)
            proxy = self._simulated[name]
            if not proxy.is_down:
                proxy.is_down = True
                ended = proxy.toxics.end_connections()
                proxy.toxics.tally(extra["harness_tally"]).connections += ended

    def enable(self, proxies: Sequence[str]) -> None:
        for name in proxies:
            self._simulated[name].is_down = False

    def drop_new(self, proxies: Sequence[str], *, dropping: list[str], **extra: Any) -> None:
        del extra
        for name in proxies:
            dropping.append(name)
            self._simulated[name].drops_new = True

    def let_in(self, proxies: Sequence[str]) -> None:
        for name in proxies:
            self._simulated[name].drops_new = False

    def bites(self) -> dict[str, Any]:
        return {
            name: {toxic: asdict(tally) for toxic, tally in proxy.toxics.tallies.items()}
            for name, proxy in self._simulated.items()
            if proxy.toxics.tallies
        }
