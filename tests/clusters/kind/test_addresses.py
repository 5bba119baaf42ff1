"""Where nodes find this machine."""

import asyncio
from pathlib import Path

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.kind.addresses import Addresses, find_addresses, read_gateway
from harness.clusters.kind.containers import Engine

# An engine whose node has the way out $1 and knows the outside as $2.
NODE = """
case "$*" in
  *route*) echo "{route}";;
  *host.docker.internal) echo "{outside}";;
esac
"""


@pytest.mark.parametrize(
    ("route", "gateway"),
    [
        ("default via 172.18.0.1 dev eth0\n", "172.18.0.1"),
        ("default dev tun0 scope link", ""),
        ("default via fe80::1 dev eth0", ""),
        ("default via", ""),
        ("", ""),
    ],
)
def test_the_gateway_is_read_from_the_route(route: str, gateway: str) -> None:
    """IPv4 only: resolver and link listen there."""
    assert read_gateway(route) == gateway


@pytest.mark.parametrize(
    ("route", "outside", "found"),
    [
        ("default via 127.0.0.1 dev eth0", "", ("127.0.0.1", "127.0.0.1")),
        (
            "default via 203.0.113.1 dev e",
            "192.168.65.254 STREAM x",
            ("192.168.65.254", "127.0.0.1"),
        ),
        ("default via 203.0.113.1 dev e", "fd00::1 STREAM x", None),
        ("", "", None),
    ],
)
def test_services_listen_where_nodes_reach_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    route: str,
    outside: str,
    found: tuple[str, str] | None,
) -> None:
    """On the bridge's own address; on loopback when the engine lives in a machine of its own."""
    script = tmp_path / "docker"
    script.write_text("#!/bin/sh" + NODE.format(route=route, outside=outside))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    finding = find_addresses(Engine(name="docker"), "node")
    if found is None:
        with pytest.raises(ClusterError, match="nodes cannot reach services here"):
            asyncio.run(finding)
    else:
        gateway, listen_host = found
        assert asyncio.run(finding) == Addresses(gateway=gateway, listen_host=listen_host)
