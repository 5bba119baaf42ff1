"""Where the nodes reach this machine, and where its services must listen for them."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import psutil

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import Engine

# Names of the machine outside, where the engine lives in a virtual machine or another namespace.
_OUTSIDE: Final = ("host.docker.internal", "host.containers.internal", "host.lima.internal")
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """`gateway` as nodes see this machine; `listen_host` an address of this machine."""

    gateway: str
    listen_host: str


async def find_addresses(engine: Engine, node: str) -> Addresses:
    """Ask the node for its way out. Raises ClusterError."""
    route = (await engine.execute(node, ("ip", "-4", "route", "show", "default"))).decode()
    gateway = read_gateway(route)
    if gateway and gateway in _own_addresses():
        return Addresses(gateway=gateway, listen_host=gateway)
    for name in _OUTSIDE:
        script = 'getent ahostsv4 "$1" || true'
        found = (await engine.execute(node, ("sh", "-c", script, "sh", name))).decode().split()
        if found and _is_ipv4(found[0]):
            return Addresses(gateway=found[0], listen_host=_LOOPBACK)
    raise ClusterError(
        f"{node}: its gateway {gateway or 'is unknown and'} is no address of this machine, and it "
        f"knows none of {', '.join(_OUTSIDE)}: nodes cannot reach services here"
    )


def read_gateway(route: str) -> str:
    """The gateway of `default via 172.18.0.1 dev eth0`, "" when there is none."""
    words = route.split()
    if "via" not in words[:-1]:
        return ""
    found = words[words.index("via") + 1]
    return found if _is_ipv4(found) else ""


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _own_addresses() -> Iterable[str]:
    return {it.address for addresses in psutil.net_if_addrs().values() for it in addresses}
