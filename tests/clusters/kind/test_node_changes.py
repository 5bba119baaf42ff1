"""Changes in a node, and which records of a journal are trusted."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import Engine
from harness.clusters.kind.node_changes import (
    HOSTS_FILE,
    NodeFile,
    NodeRule,
    marked,
)

ENGINE = Engine(name="docker")
TOML = "/etc/containerd/certs.d/registry.harness.test/hosts.toml"


def file(path: str, before: bytes | None) -> NodeFile:
    return NodeFile(cluster="harness-a", container="harness-a-worker", path=path, before=before)


RULE = NodeRule(
    cluster="harness-a", container="harness-a-worker", protocol="udp", address="172.18.0.1", port=5
)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node that is a folder: its engine runs what it is told, here."""
    script = tmp_path / "docker"
    script.write_text('#!/bin/sh\nshift\n[ "$1" = --interactive ] && shift\nshift\nexec "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "etc"


@pytest.mark.parametrize("before", [b"nameserver 1.1.1.1\n", b"", b"\x00\xff no text", None])
def test_a_file_is_put_back_to_the_byte_and_only_once(node: Path, before: bytes | None) -> None:
    """Twice is as once; what another wrote later stays."""
    path = node / "certs.d" / "hosts.toml"
    change = file(str(path), before)

    async def main() -> None:
        await ENGINE.write_file("n", str(path), marked("abc", "server = 1\n"))
        assert path.read_bytes() == b"# harness run abc\nserver = 1\n"
        assert not await change.undone("other", ENGINE)
        assert await change.undone("abc", ENGINE)
        assert (path.read_bytes() if path.exists() else None) == before
        assert path.parent.exists() == (before is not None)
        assert not await change.undone("abc", ENGINE)

    asyncio.run(main())


def test_a_file_that_was_there_keeps_its_inode(node: Path) -> None:
    """The engine mounts it: a file in its place would not be seen."""
    node.mkdir()
    path = node / "resolv.conf"
    path.write_text("before")
    inode = path.stat().st_ino
    asyncio.run(ENGINE.write_file("n", str(path), marked("abc", "x")))
    asyncio.run(file(str(path), b"before").undone("abc", ENGINE))
    assert (path.read_text(), path.stat().st_ino) == ("before", inode)


def test_records_come_back_as_the_change_that_they_are_of() -> None:
    """What is journalled suffices to undo it."""
    for change in (file(HOSTS_FILE, b"\xff"), file(TOML, None)):
        assert NodeFile.read(change.undo("abc", ENGINE)) == change
    assert NodeRule.read(RULE.undo("abc", ENGINE)) == RULE


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc/containerd/certs.d/../../passwd",
        "/etc/containerd/certs.d/../hosts.toml",
        "/etc/containerd/certs.d/a/evil",
        "hosts",
        7,
    ],
)
def test_a_record_of_another_file_is_refused(path: Any) -> None:
    """A journal is a file that anybody may have written."""
    undo = {**file(HOSTS_FILE, b"").undo("abc", ENGINE), "path": path}
    with pytest.raises(ClusterError, match="one that the harness changes in a node"):
        NodeFile.read(undo)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"protocol": "--jump"}, "protocol: udp or tcp"),
        ({"port": 0}, "port: 1 to 65535, got 0"),
        ({"port": "5 -j ACCEPT"}, "port: 1 to 65535"),
        ({"address": "--help"}, "help"),
    ],
)
def test_a_record_of_another_rule_is_refused(changed: dict[str, Any], sentence: str) -> None:
    """Nothing of it may reach iptables as a word of its own."""
    with pytest.raises((ClusterError, ValueError), match=sentence):
        NodeRule.read({**RULE.undo("abc", ENGINE), **changed})
