"""What a node's containerd and its resolver are told; the changes themselves: tests/cluster."""

import tomllib

from harness.clusters.kind.node_changes import NAME_SERVER, marked
from harness.clusters.kind.node_path import PathSettings, resolv_conf


def settings(ca: str = "") -> PathSettings:
    ports = {"node-0": 4001}
    return PathSettings(
        registry_name="registry.harness.test", link_ports=ports, resolver_ports=ports, ca=ca
    )


def test_containerd_has_one_entry_only() -> None:
    """With a `[host]` table beside `server` it would ask both."""
    text = marked("abc", settings().hosts_toml("node-0")).decode()
    assert tomllib.loads(text) == {"server": "http://registry.harness.test:4001"}


def test_with_tls_the_authority_is_named() -> None:
    """Its file lies beside."""
    assert tomllib.loads(settings("a certificate").hosts_toml("node-0")) == {
        "server": "https://registry.harness.test:4001",
        "ca": "/etc/containerd/certs.d/registry.harness.test/ca.crt",
    }


def test_the_resolver_has_one_server_and_no_search_list() -> None:
    """So that a lookup is one name at one server."""
    assert marked("abc", resolv_conf()).decode().splitlines() == [
        "# harness run abc",
        f"nameserver {NAME_SERVER}",
    ]
