"""A journal lets nobody into a cluster: the user does, by name and with a file of his own."""

from pathlib import Path
from typing import Any

import pytest

from harness.clusters.existing.namespace_removal import ContextLeave
from harness.process.journal import Journal, pending
from harness.run.recover import recover

UNDO = {
    "kind": "delete_existing_namespace",
    "run_id": "abc123",
    "context": "prod",
    "namespace": "harness-abc123",
}


@pytest.mark.parametrize(
    ("changes", "allowed", "said"),
    [
        ({}, (), "is used only with --allow-context prod, which names nothing"),
        ({}, ("dev",), "which names 'dev'"),
        ({}, ("prod",), "no kubeconfig there"),
        ({"run_id": "def456"}, ("prod",), "run_id: the one in the folder's name"),
        ({"run_id": 7}, ("prod",), "run_id: the one in the folder's name"),
        ({"namespace": "default"}, ("prod",), "harness-abc123, which is the run's, got 'default'"),
        ({"context": ["prod"]}, ("prod",), "namespace: "),
        ({"kubeconfig": "/tmp/of-the-journal"}, ("prod",), "no kubeconfig there: {folder}/config"),
    ],
)
def test_a_record_alone_changes_nothing(
    changes: dict[str, Any], allowed: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    """It is told, and kept for a recover that may."""
    folder = tmp_path / "mine" / "20261124T101400Z-abc123"
    folder.mkdir(parents=True)
    journal = Journal(folder / "journal.jsonl")
    journal.record({**UNDO, **changes})
    journal.close()
    leave = ContextLeave(allowed=allowed, kubeconfigs=(tmp_path / "config",))
    [told] = recover(tmp_path, contexts=leave)
    assert told.failed
    assert said.format(folder=tmp_path) in told.text
    assert len(pending(folder / "journal.jsonl")) == 1
