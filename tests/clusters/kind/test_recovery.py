"""What a killed run left in clusters, by its journal: only its own, and twice as once."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.process.journal import Journal, pending
from harness.run.recover import recover

RUN_ID = "abc123"
NODE = "harness-abc123-worker"
FILE = {
    "kind": "restore_node_file",
    "run_id": RUN_ID,
    "engine": "docker",
    "cluster": "harness-abc123",
    "node": NODE,
    "path": "/etc/hosts",
    "hex": "00",
}
RULE = {
    "kind": "remove_node_rule",
    "run_id": RUN_ID,
    "engine": "docker",
    "cluster": "harness-abc123",
    "node": NODE,
    "protocol": "udp",
    "address": "172.18.0.1",
    "port": 5,
}
DROP = {name: RULE[name] for name in ("run_id", "engine", "cluster", "node")}
DROP["kind"] = "remove_node_drop"
DISK = {**DROP, "kind": "unmount_node_disk"}
CLUSTER = {
    "kind": "delete_kind_cluster",
    "run_id": RUN_ID,
    "engine": "docker",
    "name": "harness-abc123",
}
# An engine that writes down what it is told; `ps` names what is in the file `there`.
ENGINE = """#!/bin/sh
echo "$@" >> {folder}/told
case $1 in
  ps) cat {folder}/there;;
  rm) : > {folder}/there;;
  inspect) grep -q "^$4$" {folder}/there || {{ echo "Error: No such container: $4" >&2; exit 1; }}
    cat {folder}/about;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "engine"
    folder.mkdir()
    for name in ("there", "told"):
        (folder / name).touch()
    (folder / "docker").write_text(ENGINE.format(folder=folder))
    (folder / "docker").chmod(0o755)
    labels = {"io.x-k8s.kind.cluster": "harness-abc123"}
    about = [{"State": {"Running": True, "Status": "running"}, "Config": {"Labels": labels}}]
    (folder / "about").write_text(json.dumps(about))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def recovered(tmp_path: Path, undo: dict[str, Any]) -> tuple[str, bool, int]:
    """What is told, whether it failed, and how many records are left."""
    folder = tmp_path / "reports" / "s" / f"20261124T101400Z-{RUN_ID}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kubeconfig").write_text("secret")
    journal = Journal(folder / "journal.jsonl")
    journal.record(undo)
    journal.close()
    [done] = recover(folder)
    left = len(pending(folder / "journal.jsonl"))
    (folder / "journal.jsonl").unlink()
    return done.text, done.failed, left


def test_a_cluster_is_deleted_once(tmp_path: Path, engine: Path) -> None:
    """By its label, with its kubeconfig; what is gone already is no failure."""
    (engine / "there").write_text(f"{NODE}\n")
    assert recovered(tmp_path, CLUSTER) == ("cluster harness-abc123: deleted", False, 0)
    told = (engine / "told").read_text()
    assert "--filter label=io.x-k8s.kind.cluster=harness-abc123" in told
    assert f"rm --force --volumes {NODE}" in told
    assert not list((tmp_path / "reports").rglob("kubeconfig"))
    assert recovered(tmp_path, CLUSTER) == ("cluster harness-abc123: was gone already", False, 0)


def test_what_is_gone_with_its_node_is_undone(tmp_path: Path, engine: Path) -> None:
    """The node was deleted, so are its files and rules."""
    assert recovered(tmp_path, FILE) == (f"{NODE}: /etc/hosts: is gone with its node", False, 0)
    text, failed, left = recovered(tmp_path, RULE)
    assert (text.endswith("is gone with its node"), failed, left) == (True, False, 0)


@pytest.mark.parametrize(
    ("undo", "changed", "sentence"),
    [
        (CLUSTER, {"name": "prod"}, "name: harness-abc123, which is the run's, got 'prod'"),
        (CLUSTER, {"name": "harness-other1"}, "got 'harness-other1'"),
        (CLUSTER, {"run_id": "other1", "name": "harness-other1"}, "run_id: the one in the folder"),
        (CLUSTER, {"run_id": ""}, "run_id"),
        (CLUSTER, {"engine": "/bin/sh"}, "engine: one of docker"),
        (FILE, {"run_id": "other1"}, "run_id"),
        (FILE, {"path": "/etc/shadow"}, "one that the harness changes"),
        (FILE, {"cluster": "prod"}, "cluster: one of the harness's, got 'prod'"),
        (FILE, {"cluster": "harness-other1"}, "node: one of the cluster harness-other1"),
        (RULE, {"cluster": "prod"}, "cluster: one of the harness's"),
        (RULE, {"engine": "sh"}, "engine"),
        (RULE, {"port": -1}, "port"),
        (RULE, {"address": "x"}, "'x'"),
    ],
)
def test_a_forged_record_changes_nothing(
    tmp_path: Path, engine: Path, undo: dict[str, Any], changed: dict[str, Any], sentence: str
) -> None:
    """It is told, stays, and the engine is asked for nothing but what the container is."""
    (engine / "there").write_text(f"{NODE}\n")
    text, failed, left = recovered(tmp_path, {**undo, **changed})
    assert sentence in text
    assert (failed, left) == (True, 1)
    told = [line.split()[0] for line in (engine / "told").read_text().splitlines()]
    assert set(told) <= {"inspect"}


@pytest.mark.parametrize("undo", [CLUSTER, FILE, RULE, DROP, DISK])
def test_a_silent_engine_keeps_the_record(tmp_path: Path, engine: Path, undo: Any) -> None:
    """It can be undone later."""
    script = "#!/bin/sh\necho 'Cannot connect to the Docker daemon at unix:///x.' >&2; exit 1\n"
    (engine / "docker").write_text(script)
    text, failed, left = recovered(tmp_path, undo)
    assert "start it" in text
    assert (failed, left) == (True, 1)


@pytest.mark.parametrize(
    ("undo", "said", "word"),
    [
        (DROP, "rule that drops what goes to 192.0.2.54: removed", "-j DROP"),
        (DISK, "small disk for images: was gone already", "umount"),  # this engine says nothing
    ],
)
def test_what_a_fault_left_in_a_node_is_undone(
    tmp_path: Path, engine: Path, undo: Any, said: str, word: str
) -> None:
    """In the node that the record names, and not in one that is gone."""
    assert recovered(tmp_path, undo) == (
        f"{NODE}: {said.split(':', maxsplit=1)[0]}: is gone with its node",
        False,
        0,
    )
    (engine / "there").write_text(f"{NODE}\n")
    assert recovered(tmp_path, undo) == (f"{NODE}: {said}", False, 0)
    told = (engine / "told").read_text()
    assert f"exec {NODE}" in told
    assert word in told
