"""The cluster seam by what the engine is told: what is written, counted, and undone."""

import asyncio
import json
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.chance import Chance
from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import Engine
from harness.clusters.kind.kind_cluster import KindCluster
from harness.clusters.kind.kind_nodes import KindNodes, ScopedKindNodes
from harness.clusters.kind.node_path import PathSettings, toml_of
from harness.environment.scope import FaultScope
from harness.node.hosts import hosts_with
from harness.process.child import Run
from harness.process.journal import Journal, pending
from harness.seams import HostsMistake, Where

URL = "http://registry.harness.test:5000"
# An engine whose `exec` writes down what it is told and answers from files.
ENGINE = """#!/bin/sh
shift
input=
[ "$1" = --interactive ] && { input=$(cat); shift; }
container=$1; shift
printf '%s: %s < %s' "$container" "$*" "$input" | tr '\\n' ' ' >> FOLDER/told; echo >> FOLDER/told
case "$*" in
  *"get events"*) cat FOLDER/events;;
  *"images list"*) cat FOLDER/images;;
  *"date +%s"*) echo 1700000000;;
  *journalctl*) cat FOLDER/log;;
  *"printf +"*) printf "+# harness run abc123\\n";;
esac
"""


class Nodes:
    """Two nodes, and what their engine was told."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder = folder
        ports = {"node-0": 5000, "node-1": 5001}
        self.cluster = KindNodes(
            run=Run(run_id="abc123", folder=folder, journal=journal, clock_start_s=0.0),
            cluster=KindCluster(
                name="harness-abc123",
                kubeconfig=folder / "kubeconfig",
                nodes={"node-0": "worker", "node-1": "worker2"},
                hosts={"node-0": "worker", "node-1": "worker2"},
                control_plane="plane",
                gateway_address="172.18.0.1",
                listen_host="172.18.0.1",
                engine=Engine(name="docker"),
                made=True,
                stays=False,
                versions={},
            ),
            path=PathSettings(
                registry_name="registry.harness.test", link_ports=ports, resolver_ports=ports
            ),
            pull_secret=secret,
        )
        self.answer("events", {"items": []})

    def answer(self, what: str, document: Any) -> None:
        (self.folder / what).write_text(json.dumps(document))

    def scoped(self, **where: Any) -> ScopedKindNodes:
        scope = FaultScope(
            fault="f",
            where=Where(**where),
            chance=Chance(1, "f"),
            deadline_s=time.monotonic() + 60,
        )
        return self.cluster.scoped(scope)

    def told(self, words: str) -> list[str]:
        """The calls with these words, in order."""
        lines = (self.folder / "told").read_text().splitlines()
        return [line for line in lines if words in line]

    def left(self) -> list[str]:
        """What the journal still has to undo."""
        return sorted(it["undo"]["kind"] for it in pending(self.folder / "journal.jsonl"))


def secret(password: str | None) -> dict[str, Any]:
    return {"metadata": {"name": "registry-credentials"}, "password": password or "right"}


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    script = tmp_path / "docker"
    script.write_text(ENGINE.replace("FOLDER", str(tmp_path)))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        yield Nodes(tmp_path, journal)


def failed(uid: str, message: str, node: str = "worker", count: int = 1) -> dict[str, Any]:
    source = {"host": node}
    return {"metadata": {"uid": uid}, "message": message, "source": source, "count": count}


@pytest.mark.parametrize("ca", ["", "/etc/containerd/certs.d/r/ca.crt"])
def test_a_hosts_toml_has_the_server_before_its_mirrors(ca: str) -> None:
    """A key after a table would be the table's."""
    trust = f'ca = "{ca}"\n' if ca else ""
    text = toml_of(hosts_with(HostsMistake.MIRROR_WITHOUT_CONTENT, URL), ca)
    assert text == f'server = "{URL}"\n{trust}\n[host."{URL}/mirror"]\n{trust}'
    assert toml_of(hosts_with(None, URL), ca) == f'server = "{URL}"\n{trust}'


def test_a_wrong_port_is_written_on_the_nodes_in_scope_and_taken_back(nodes: Nodes) -> None:
    """Journalled while it is on; the bites are what their kubelets tell from then on."""
    old = failed("a", "connect: connection refused", "worker2", count=2)
    nodes.answer("events", {"items": [old]})

    async def main() -> int | None:
        scoped = nodes.scoped(nodes=("node-1",))
        async with scoped.hosts(HostsMistake.WRONG_PORT):
            assert nodes.left() == ["restore_node_file"]
            assert len(nodes.told('server = "http://registry.harness.test:1"')) == 1
            new = failed("b", "connect: connection refused", "worker2", count=3)
            nodes.answer("events", {"items": [old, new]})
        return (await scoped.bites()).count

    assert asyncio.run(main()) == 3
    assert nodes.left() == []
    assert not nodes.told("worker:")
    assert nodes.told("cat >")[-1].endswith("hosts.toml < # harness run abc123")  # as before


def test_a_mirror_that_drops_is_a_rule_and_a_file(nodes: Nodes) -> None:
    """And containerd's own log tells how often it was given up."""
    (nodes.folder / "log").write_text("trying next host\ntrying next host\n")

    async def main() -> int | None:
        scoped = nodes.scoped()
        async with scoped.hosts(HostsMistake.MIRROR_DROPS):
            assert nodes.left() == ["remove_node_drop"] * 2 + ["restore_node_file"] * 2
        return (await scoped.bites()).count

    assert asyncio.run(main()) == 4
    assert nodes.left() == []
    assert len(nodes.told("-j DROP")) == 6  # in, found, out: on two nodes
    assert len(nodes.told("--since @1700000000")) == 2


def test_what_cannot_be_counted_is_said(nodes: Nodes) -> None:
    """A mirror that answers leaves no trace but in the gateway's log."""

    async def main() -> int | None:
        scoped = nodes.scoped()
        async with scoped.hosts(HostsMistake.MIRROR_WITHOUT_CONTENT):
            return (await scoped.bites()).count

    assert asyncio.run(main()) is None


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        ("wrong", 'apply --filename - < {"metadata"'),
        ("missing", "delete secret registry-credentials --ignore-not-found"),
    ],
)
def test_the_right_secret_is_there_again(nodes: Nodes, state: Any, asked: str) -> None:
    """It goes by stdin, never as an argument or into the journal."""

    async def main() -> None:
        async with nodes.scoped().credentials(state):
            assert len(nodes.told(asked)) == 1
            assert not nodes.told('"right"')
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(main())
    (mended,) = nodes.told('"right"')
    assert mended.startswith("plane: kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace")
    assert mended.index("apply --filename -") < mended.index(" < ") < mended.index("right")
    assert "right" not in (nodes.folder / "journal.jsonl").read_text()


def test_a_secret_cannot_be_one_nodes(nodes: Nodes) -> None:
    """Nor absent where none is asked for."""

    async def main(scoped: ScopedKindNodes) -> None:
        async with scoped.credentials("wrong"):
            pass

    with pytest.raises(ClusterError, match="no nodes can be chosen"):
        asyncio.run(main(nodes.scoped(nodes=("node-0",))))
    nodes.cluster = replace(nodes.cluster, pull_secret=None)
    with pytest.raises(ClusterError, match="asks for none"):
        asyncio.run(main(nodes.scoped()))


def test_images_in_scope_are_removed_once(nodes: Nodes) -> None:
    """By their tags; those are the bites."""
    tags = ["registry.harness.test/app:v1", "registry.harness.test/web:v1"]
    lines = (f"{tag} oci sha256:{number} 1 MiB" for number, tag in enumerate(tags))
    (nodes.folder / "images").write_text("\n".join(("REF TYPE DIGEST SIZE", *lines)))

    async def main() -> int | None:
        scoped = nodes.scoped(repository="app", nodes=("node-0", "clients"))
        async with scoped.remove_images():
            return (await scoped.bites()).count

    assert asyncio.run(main()) == 1
    (removed,) = nodes.told("images rm")
    assert removed.strip() == (
        "worker: ctr --namespace k8s.io images rm --sync registry.harness.test/app:v1 <"
    )


def test_a_disk_and_a_limit_are_journalled_and_undone(nodes: Nodes) -> None:
    """Kubelet starts anew with the limit, and without it."""

    async def main() -> None:
        scoped = nodes.scoped(nodes=("node-0",))
        async with scoped.fill_disk(free_bytes=4096), scoped.pull_qps(qps=1, burst=1):
            assert nodes.left() == ["restore_node_file", "unmount_node_disk"]
            assert len(nodes.told("registryPullQPS: 1")) == 1
            assert len(nodes.told("systemctl restart kubelet")) == 1

    asyncio.run(main())
    assert nodes.left() == []
    assert len(nodes.told("systemctl restart kubelet")) == 2


def test_a_scope_without_a_node_is_refused(nodes: Nodes) -> None:
    """Background clients are none of the cluster's."""

    async def main() -> None:
        async with nodes.scoped(nodes=("clients",)).fill_disk(free_bytes=1):
            pass

    with pytest.raises(ClusterError, match="no node of the cluster is in scope"):
        asyncio.run(main())
