"""What a killed run left in somebody's registry is removed, and nothing else ever is."""

from pathlib import Path
from typing import Any

import pytest

from harness.environment.upstream.tag_removal import RegistryLeave, remove_pushed_tag
from harness.process.child import ChildError
from harness.process.journal import Journal, pending
from harness.run.recover import recover
from tests.scripted_server import ScriptedServer, ok, scripted

RUN = "20261124T101400Z-abc123"


def undo(server: ScriptedServer, **changed: Any) -> dict[str, Any]:
    whole = {
        "kind": "remove_pushed_tag",
        "url": server.url,
        "repository": "team/app",
        "tag": "v1-abc123",
        "digest": "",
        "login_from": None,
    }
    return whole | changed


def leave(server: ScriptedServer, **environment: str) -> RegistryLeave:
    return RegistryLeave(allowed=(f"127.0.0.1:{server.port}",), environment=environment)


def test_a_tag_of_the_run_is_removed_where_the_user_allows_it(tmp_path: Path) -> None:
    """Without leave it is told, and stays to be undone."""
    folder = tmp_path / "s" / RUN
    folder.mkdir(parents=True)
    with scripted([[ok(b"", status="202 Accepted")]]) as server:
        journal = Journal(folder / "journal.jsonl")
        journal.record(undo(server))
        journal.close()
        (refused,) = recover(tmp_path)
        assert refused.failed
        assert f"--allow-registry 127.0.0.1:{server.port}" in refused.text
        assert server.asks == []
        (done,) = recover(tmp_path, leave(server))
        assert done.text == f"tag v1-abc123 of team/app: removed from {server.url}"
        assert [(ask.method, ask.path) for ask in server.asks] == [
            ("DELETE", "/v2/team/app/manifests/v1-abc123")
        ]
    assert pending(folder / "journal.jsonl") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"tag": "v1"},
        {"tag": "latest"},
        {"tag": "../v1-abc123"},
        {"repository": "../../x"},
        {"repository": "team/app?x="},
        {"digest": "sha256:zz"},
        {"url": "file:///etc/passwd"},
        {"url": "http://169.254.169.254"},
        {"login_from": ["AWS_SECRET", "NOT_SET"]},
        {"login_from": ["R_USER"]},
        {"login_from": "RP"},
        {"login_from": [1, 2]},
    ],
)
def test_a_journal_can_name_nothing_but_the_runs_own(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    """Nobody is asked for anything else."""
    with scripted([[ok()]]) as server:
        with pytest.raises(ChildError):
            remove_pushed_tag(tmp_path / RUN, undo(server, **changed), leave(server))
        assert server.asks == []


def test_a_registry_that_refuses_keeps_the_record(tmp_path: Path) -> None:
    """Told with its answer; the login is not."""
    with scripted([[ok(b"", status="403 Forbidden")]]) as server:
        with pytest.raises(ChildError, match="was answered 403") as told:
            remove_pushed_tag(
                tmp_path / RUN,
                undo(server, login_from=["R_USER", "R_PASS"]),
                leave(server, R_USER="u", R_PASS="s3cr3t"),
            )
        assert "s3cr3t" not in str(told.value)
