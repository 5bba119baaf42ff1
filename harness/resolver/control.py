"""What the harness may order of the resolver."""

from collections.abc import Mapping
from typing import Any

from harness.process.control_channel import Orders
from harness.resolver.answers import NameServer
from harness.resolver.dns_rules import rule_from_json


def orders_of(server: NameServer) -> Orders:
    """`add` begins a `rule`, `remove` ends one (or none) by name.

    `bites` tells what every rule has changed so far.
    """

    def add(order: Mapping[str, Any]) -> None:
        server.rules.add(rule_from_json(order["rule"]))

    def remove(order: Mapping[str, Any]) -> None:
        server.rules.remove(str(order["rule"]))

    return {"add": add, "remove": remove, "bites": lambda _: {"bites": server.rules.bites()}}
