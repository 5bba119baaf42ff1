"""What the harness can order of the registry's process, word by word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from harness.gateway.access_log import AccessLog
from harness.gateway.handshakes import Handshakes, read_handshake_order
from harness.gateway.network import Network
from harness.gateway.orders import read_order
from harness.gateway.rules import Rules
from harness.gateway.upstream.addresses import Addresses
from harness.process.control_channel import Orders
from harness.registry.app import Registry
from harness.registry.index import Index


@dataclass(frozen=True, kw_only=True)
class Served:
    """What answers behind the gateway: the embedded registry, or the one at `addresses`."""

    app: ASGIApp
    registry: Registry | None = None
    addresses: Addresses | None = None

    def keep_quotas(self, *, kept: bool) -> None:
        """Begin to keep the quotas, or stop; a registry behind `addresses` has its own."""
        if self.registry is None or self.registry.quotas is None:
            return
        if kept:
            self.registry.quotas.start()
        else:
            self.registry.quotas.stop()


class ControlDesk:
    """Does what control messages say."""

    def __init__(
        self,
        rules: Rules,
        served: Served,
        log: AccessLog,
        handshakes: Handshakes | None,
        network: Network | None = None,
    ) -> None:
        self._rules = rules
        self._network = network
        self._served = served
        self._log = log
        self._handshakes = handshakes

    def orders(self) -> Orders:
        return {
            "add_rule": lambda order: self._rules.add(read_order(order["rule"])),
            "remove_rule": lambda order: _removed(self._rules, order["rule"]),
            "count_rule": lambda order: {"bites": self._rules.bites(order["rule"])},
            "add_handshake_rule": lambda order: self._tls.add(read_handshake_order(order["rule"])),
            "remove_handshake_rule": lambda order: _removed(self._tls, order["rule"]),
            "count_handshake_rule": lambda order: {"bites": self._tls.bites(order["rule"])},
            "add_image": self._add_image,
            "undo_of": self._undo_of,
            "change_index": self._change_index,
            "set_clock": self._set_clock,
            "write_records": self._write_records,
            "lift_quotas": self._lift_quotas,
        }

    @property
    def _index(self) -> Index:
        if self._served.registry is None:
            raise LookupError("an external registry cannot be changed")
        return self._served.registry.index

    @property
    def _tls(self) -> Handshakes:
        if self._handshakes is None:
            raise ValueError("there are no handshakes: the gateway speaks plain HTTP")
        return self._handshakes

    def _undo_of(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return {"undo": self._index.undo_of(order["changes"])}

    def _change_index(self, order: Mapping[str, Any]) -> None:
        self._index.change(order["changes"])

    def _set_clock(self, order: Mapping[str, Any]) -> None:
        """A run begins: times and quotas count from now, and the network has its limits."""
        self._log.start_s = float(order["start_s"])
        self._served.keep_quotas(kept=True)
        if self._network is not None:
            self._network.start()

    def _lift_quotas(self, _: Mapping[str, Any]) -> None:
        self._served.keep_quotas(kept=False)
        if self._network is not None:
            self._network.stop()

    def _write_records(self, _: Mapping[str, Any]) -> None:
        self._log.flush()

    def _add_image(self, message: Mapping[str, Any]) -> None:
        """`manifests`: digest and media type, the tagged one last; `layers`: places by digest.

        `again`: the index has it already, from the process before this one.
        """
        name = message["repository"]
        if self._served.registry is not None and not message.get("again"):
            index = self._served.registry.index
            index.add_blobs(name, message["blobs"])
            *others, (digest, media_type) = message["manifests"]
            for other, its_type in others:
                index.add_manifest(name, other, its_type)
            index.add_manifest(name, digest, media_type, tags=[message["tag"]])
        if self._served.addresses is not None:
            self._served.addresses.rename_tag(name, message["tag"], message["upstream_tag"])
        self._rules.add_layers(name, message["layers"])


def _removed(rules: Rules | Handshakes, name: str) -> dict[str, Any]:
    return {"bites": {name: rules.remove(name)}}
