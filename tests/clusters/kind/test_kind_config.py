"""The repository's kind-config.yaml, patched for a run: nodes, labels, kubelet, containerd."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.clusters.errors import ClusterError
from harness.clusters.kind.kind_config import (
    containerd_patch,
    kubelet_patch,
    patched_config,
    settings_label,
)
from harness.node.settings import NodeSettings

OURS = (Path(__file__).parents[3] / "kind-config.yaml").read_text()
HEAD = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
USUAL = NodeSettings()


def patched(text: str, nodes: int = 2, settings: NodeSettings = USUAL) -> dict[str, Any]:
    config = patched_config(text, nodes=nodes, settings=settings, run_id="abc123")
    loaded: dict[str, Any] = YAML(typ="safe").load(config)
    return loaded


@pytest.mark.parametrize(
    ("text", "nodes", "roles"),
    [
        (OURS, 1, "c"),
        (OURS, 2, "cww"),
        (OURS, 5, "cwwwww"),
        (HEAD, 1, "c"),
        (HEAD, 3, "cwww"),
        (HEAD + "nodes: [{role: worker}, {role: control-plane}]", 2, "cww"),
        (HEAD + "nodes: [{role: control-plane}, {}]", 1, "ccw"),
    ],
)
def test_as_many_nodes_pull_as_are_wanted(text: str, nodes: int, roles: str) -> None:
    """One is the control plane itself; more are workers beside it."""
    assert "".join(node["role"][0] for node in patched(text, nodes)["nodes"]) == roles


def test_what_the_file_says_is_kept_and_labelled() -> None:
    """Labels and mounts of the last worker go on; patches come after those of the file."""
    text = f"""{HEAD}name: mine
networking: {{ipFamily: ipv4}}
kubeadmConfigPatches: ["kind: ClusterConfiguration"]
nodes:
  - role: control-plane
  - role: worker
    labels: {{zone: a}}
    extraMounts: [{{hostPath: /a, containerPath: /b}}]
"""
    config = patched(text, 2)
    assert "name" not in config
    assert config["networking"] == {"ipFamily": "ipv4"}
    assert config["kubeadmConfigPatches"] == [
        "kind: ClusterConfiguration",
        kubelet_patch(USUAL),
    ]
    labels = {"harness.run": "abc123", "harness.settings": settings_label(USUAL)}
    plane, *workers = config["nodes"]
    assert plane["labels"] == labels
    assert [worker["labels"] for worker in workers] == [{"zone": "a", **labels}] * 2
    assert [len(worker["extraMounts"]) for worker in workers] == [1, 1]
    assert config["containerdConfigPatches"] == [containerd_patch(USUAL)]


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        (USUAL, ("serializeImagePulls: true", "registryPullQPS: 5", "registryBurst: 10")),
        (NodeSettings(registry_pull_qps=0), ("registryPullQPS: 0",)),
        (
            NodeSettings(serialize_image_pulls=False, max_parallel_image_pulls=3),
            ("serializeImagePulls: false", "maxParallelImagePulls: 3"),
        ),
    ],
)
def test_the_kubelet_is_told_how_to_pull(settings: NodeSettings, lines: tuple[str, ...]) -> None:
    """In the kubelet's own words."""
    assert set(lines) < set(kubelet_patch(settings).splitlines())


def test_a_limit_of_parallel_pulls_is_not_told_to_a_serial_kubelet() -> None:
    """It would refuse to start: a limit above 1 needs serializeImagePulls: false."""
    assert "maxParallel" not in kubelet_patch(NodeSettings(max_parallel_image_pulls=3))


def test_containerd_tells_its_metrics_and_is_patched_where_it_differs() -> None:
    """The CRI's table is left alone when all in it is as it comes."""
    metrics = ["[metrics]", 'address = "127.0.0.1:1338"']
    assert containerd_patch(USUAL).splitlines() == metrics
    other = NodeSettings(max_concurrent_downloads=1, image_pull_progress_timeout_s=2.5)
    table, *lines = containerd_patch(other).splitlines()[2:]
    assert table == '[plugins."io.containerd.grpc.v1.cri"]'
    assert lines == [
        "max_concurrent_downloads = 1",
        'image_pull_progress_timeout = "2500ms"',
    ]
    assert patched(OURS, 2, other)["containerdConfigPatches"] == [containerd_patch(other)]


def test_other_settings_have_another_label() -> None:
    """So that a kept cluster is not used with wrong ones."""
    several = [USUAL, NodeSettings(registry_burst=1), NodeSettings(max_concurrent_downloads=1)]
    assert len({settings_label(settings) for settings in several}) == 3
    assert settings_label(USUAL) == settings_label(NodeSettings(unpack_bytes_per_s=1.0))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "is not YAML"),
        ("- a", "`kind: Cluster` is missing"),
        ("kind: Pod", "`kind: Cluster` is missing"),
        ("kind: Cluster\napiVersion: v1", "apiVersion: kind.x-k8s.io/v1alpha4, got 'v1'"),
        (HEAD + "nodes: 3", "nodes: a list of nodes"),
        (HEAD + "nodes: [{role: master}]", "role: one of control-plane, worker, got 'master'"),
        (HEAD + "nodes: [{role: worker}]", "at least one with role: control-plane"),
    ],
)
def test_a_file_that_is_not_of_kind_is_reported(text: str, sentence: str) -> None:
    """One sentence, with the rule."""
    with pytest.raises(ClusterError, match=sentence):
        patched(text)


def test_no_nodes_are_refused() -> None:
    """A cluster without a node pulls nothing."""
    with pytest.raises(ClusterError, match="at least 1, got 0"):
        patched(OURS, 0)
