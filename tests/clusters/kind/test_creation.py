"""What is wrong before anything is made; with real clusters: tests/cluster."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.kind.creation import KindSettings, open_kind
from harness.node.settings import NodeSettings
from harness.process.journal import pending
from tests.cluster_lab import make_run

# Programs that play an engine and a kind, and write down what they are told.
DOCKER = """#!/bin/sh
echo docker "$@" >> {folder}/told
case $1 in
  version) echo '{{"Server": {{"Version": "29.0", "Arch": "amd64"}}}}';;
  image) echo arm64;;
esac
"""
KIND = """#!/bin/sh
echo kind "$@" >> {folder}/told
case $1 in
  version) echo "kind v0.33.0 go1.26.8 linux/amd64";;
  get) echo harness-abc123;;
esac
"""
REFUSED = "#!/bin/sh\necho 'permission denied while connecting to the docker.sock' >&2; exit 1\n"


def write(path: Path, script: str) -> None:
    path.write_text(script.format(folder=path.parent) if "{folder}" in script else script)
    path.chmod(0o755)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KindSettings:
    """Both programs are there; the file is none yet."""
    programs = tmp_path / "bin"
    programs.mkdir()
    write(programs / "docker", DOCKER)
    write(programs / "kind", KIND)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    config = tmp_path / "kind-config.yaml"
    return KindSettings(config=config, nodes=1, node_settings=NodeSettings(), engine="docker")


def refused(tmp_path: Path, settings: KindSettings, run_id: str = "abc123") -> str:
    """The sentence. Nothing was made, and nothing is left to be undone."""

    async def main() -> None:
        async with open_kind(run, settings):
            pytest.fail("it must not open")

    with make_run(tmp_path / "reports", run_id) as run:
        with pytest.raises(ClusterError) as raised:
            asyncio.run(main())
        assert (run.folder / "journal.jsonl").read_bytes() == b""
    told = tmp_path / "bin" / "told"
    assert "create" not in (told.read_text() if told.exists() else "")
    return str(raised.value)


def test_a_cluster_of_that_name_is_already_there(tmp_path: Path, settings: KindSettings) -> None:
    """It is not ours to delete."""
    sentence = refused(tmp_path, settings)
    assert sentence.startswith("a cluster of the name harness-abc123 is already there")


def test_a_node_image_of_another_architecture(tmp_path: Path, settings: KindSettings) -> None:
    """Told before minutes are spent."""
    sentence = refused(tmp_path, replace(settings, image="node:v1"), "other1")
    assert sentence == "the node image node:v1 is for arm64, and this machine's engine is amd64"


NODES = json.dumps(
    {
        "items": [
            {
                "metadata": {"name": "n", "labels": {}},
                "spec": {},
                "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {}},
            }
        ]
    }
)
PODS = json.dumps(
    {
        "items": [
            {
                "metadata": {"name": "kube-proxy-x", "ownerReferences": [{"kind": "DaemonSet"}]},
                "spec": {"nodeName": "n"},
                "status": {"phase": "Pending"},
            }
        ]
    }
)
ANSWERING = """#!/bin/sh
echo docker "$@" >> {folder}/told
case "$*" in
  version*) echo '{{"Server": {{"Version": "29.0", "Arch": "amd64"}}}}';;
  *"get nodes"*) cat {folder}/nodes;;
  *"get pods"*) cat {folder}/pods;;
  ps*) echo n;;
  *) echo;;
esac
"""


def test_nodes_that_are_ready_and_start_no_pod_are_made_once_more(
    tmp_path: Path, settings: KindSettings
) -> None:
    """Then it is an error that names the node; both clusters are deleted."""
    programs = tmp_path / "bin"
    write(programs / "docker", ANSWERING)
    write(programs / "kind", KIND.replace("get) echo harness-abc123;;", ""))
    (programs / "nodes").write_text(NODES)
    (programs / "pods").write_text(PODS)

    async def main() -> None:
        async with open_kind(run, replace(settings, config=None, pods_timeout_s=0.2)):
            pytest.fail("it must not open")

    with make_run(tmp_path / "reports", "abc123") as run:
        with pytest.raises(ClusterError, match="n: Ready, and runs no pod within"):
            asyncio.run(main())
        assert pending(run.folder / "journal.jsonl") == []
    _, first, second = (programs / "told").read_text().split("kind create cluster")
    assert "docker rm --force --volumes n" in first
    assert "docker rm --force --volumes n" in second


def test_a_configuration_that_is_none(tmp_path: Path, settings: KindSettings) -> None:
    """Missing, or not of kind; the file is named."""
    assert "kind-config.yaml: cannot be read" in refused(tmp_path, settings, "other1")
    assert settings.config is not None
    settings.config.write_text("kind: Pod")
    assert "kind-config.yaml: kind configuration: `kind" in refused(tmp_path, settings, "other2")


def test_an_engine_without_permission(tmp_path: Path, settings: KindSettings) -> None:
    """With the group to join."""
    write(tmp_path / "bin" / "docker", REFUSED)
    assert "add yourself to the group docker" in refused(tmp_path, settings)


def test_no_engine_and_no_kind(
    tmp_path: Path, settings: KindSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to install, or what to use instead."""
    (tmp_path / "bin" / "kind").unlink()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    write(tmp_path / "bin" / "docker", DOCKER)
    assert "run `harness setup kind`" in refused(tmp_path, settings)
    (tmp_path / "bin" / "docker").unlink()
    assert "docker: is not on PATH" in refused(tmp_path, settings, "other1")
    unnamed = replace(settings, engine=None)
    assert "install Docker, or use --cluster emulated" in refused(tmp_path, unnamed, "other2")


def test_a_kind_that_is_too_old(tmp_path: Path, settings: KindSettings) -> None:
    """With the way to a new one."""
    write(tmp_path / "bin" / "kind", "#!/bin/sh\necho kind v0.11.1 go1.16 linux/amd64\n")
    assert "is kind 0.11, and 0.20 or later is needed" in refused(tmp_path, settings)


def test_a_cluster_that_was_not_kept(tmp_path: Path, settings: KindSettings) -> None:
    """With those that are there."""
    sentence = refused(tmp_path, replace(settings, reuse="harness-zzz"))
    assert sentence == "--reuse: no kind cluster of the name harness-zzz; there are: harness-abc123"
