"""Which kind is used, and what its failures mean."""

import asyncio
from pathlib import Path

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import Engine
from harness.clusters.kind.kind_cli import (
    KindCli,
    find_kind,
    read_failure,
    read_version,
    require_version,
)

DOCKER = Engine(name="docker")


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("kind v0.33.0 go1.26.8 linux/amd64", (0, 33)),
        ("kind v1.2.3-alpha+abc go1.26 linux/arm64", (1, 2)),
        ("kind version 0.20.0", (0, 20)),
        ("v0.33.0", None),
        ("usage: kinder", None),
        ("", None),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, int] | None) -> None:
    """Only those of a kind."""
    assert read_version(text) == version


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kind v0.19.0 go1.20 linux/amd64", "is kind 0.19, and 0.20 or later is needed"),
        ("something", "is not kind: `kind version` said 'something'; 0.20 or later"),
        ("", "said 'nothing'"),
    ],
)
def test_an_old_or_foreign_kind_is_refused(text: str, sentence: str) -> None:
    """With the way to a new one."""
    with pytest.raises(ClusterError, match=sentence) as refused:
        require_version("/bin/kind", text)
    assert "harness setup kind" in str(refused.value)


def test_the_program_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version and its clusters; the engine is named to it."""
    script = (
        'case $1 in version) echo "kind v0.33.0 go1";; *) echo "$KIND_EXPERIMENTAL_PROVIDER";; esac'
    )
    named = program(tmp_path / "kind", script)
    cli = find_kind(named=str(named), cache_folder=None, engine=Engine(name="podman"))
    assert asyncio.run(cli.version()) == "v0.33.0"
    assert asyncio.run(cli.clusters()) == ("podman",)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(ClusterError, match="run `harness setup kind`, or use --cluster emulated"):
        find_kind(named=None, cache_folder=tmp_path, engine=DOCKER)
    with pytest.raises(ClusterError, match="mine': is not an executable file"):
        find_kind(named="mine", cache_folder=None, engine=DOCKER)


def test_what_it_refuses_is_reported(tmp_path: Path) -> None:
    """The last line of what it said."""
    broken = program(tmp_path / "kind", "echo first >&2; echo 'ERROR: it broke' >&2; exit 1")
    cli = KindCli(program=str(broken), engine=DOCKER)
    with pytest.raises(ClusterError, match="kind get clusters: ERROR: it broke"):
        asyncio.run(cli.clusters())
    with pytest.raises(ClusterError, match="kind export logs: ERROR: it broke"):
        asyncio.run(cli.export_logs("harness-a", tmp_path))
    with pytest.raises(ClusterError, match="kind export kubeconfig: ERROR: it broke"):
        asyncio.run(cli.export_kubeconfig("harness-a", tmp_path / "kubeconfig"))


FAILED = "Creating cluster ...\nERROR: failed to create cluster: "


@pytest.mark.parametrize(
    ("log", "sentence", "lasting"),
    [
        (
            FAILED + 'node(s) already exist for a cluster with the name "harness-a"',
            "name harness-a is already there: kind delete cluster --name harness-a",
            True,
        ),
        (
            FAILED + "exec /usr/local/bin/entrypoint: exec format error",
            "node image node:v1 is of another architecture",
            True,
        ),
        (FAILED + 'failed to pull image "node:v1": exit status 1', "cannot be pulled", True),
        (FAILED + "could not find a log line that matches", "did not boot", False),
        (FAILED + "failed to init node with kubeadm: exit status 1", "failed to init", False),
        ("ERROR: not done within 5 s", "not done within 5 s", False),
        ("", "said nothing", False),
        (FAILED + "x" * 900, "xxx...", False),
    ],
)
def test_why_a_creation_failed(log: str, sentence: str, *, lasting: bool) -> None:
    """One sentence, and whether trying again can help."""
    failure = read_failure(log, name="harness-a", image="node:v1")
    assert sentence in failure.reason
    assert len(failure.reason) < 400
    assert failure.lasting == lasting
