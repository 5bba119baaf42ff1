"""A cluster of the user's own: the shared one plays it, and is found as it was."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from harness.clusters.kind.addresses import read_gateway
from harness.load.orders import CLIENTS_NODE
from tests.cluster_lab import Standing, docker, namespaces, state_of
from tests.program import events, harness, run_folder, start, wait_for_event

pytestmark = pytest.mark.cluster

SCENARIO = """\
name: mine
seed: 5
environment:
  link: embedded
  cluster:
    {provider: existing, context: CONTEXT, nodes: 2, registry_host: HOST, registry_port: PORT}
images:
  app: {size: 2MiB, layers: 2}
load:
  rollouts:
    - {name: app, image: app, replicas: 4, at: 0s, repeat: 3, every: 5s}
  pulls:
    - {image: app, rate: 2/s, users: 2}
faults:
  - pull_rate_limit: {limit: 0}
    at: 4s
    for: 5s
  - wrong_credentials:
    at: 9500ms
    for: 4s
expect:
  - {metric: pods_ready, at_least: 100%}
"""


@dataclass(frozen=True, kw_only=True)
class Mine:
    """The user's cluster with its nodes prepared, and the user's own kubeconfig."""

    standing: Standing
    kubeconfig: Path
    context: str
    host: str
    port: int

    def scenario(self, folder: Path) -> Path:
        path = folder / "mine.yaml"
        text = SCENARIO.replace("CONTEXT", self.context).replace("HOST", self.host)
        path.write_text(text.replace("PORT", str(self.port)), encoding="utf-8")
        return path

    @property
    def options(self) -> tuple[str, ...]:
        return ("--allow-context", self.context, "--kubeconfig", str(self.kubeconfig))

    def state(self) -> object:
        return (
            hashlib.sha256(self.kubeconfig.read_bytes()).hexdigest(),
            self.kubeconfig.stat().st_mtime_ns,
            [state_of(node) for node in self.standing.workers],
            namespaces(self.standing.name),
        )


@pytest.fixture
def bare(standing: Standing, tmp_path: Path) -> Mine:
    """The cluster as it comes: its containerd takes every registry for one with HTTPS."""
    done = subprocess.run(
        ["kind", "get", "kubeconfig", "--name", standing.name],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(done.stdout, encoding="utf-8")
    route = docker("exec", standing.workers[0], "ip", "-4", "route", "show", "default")
    host = read_gateway(route)
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    return Mine(
        standing=standing,
        kubeconfig=kubeconfig,
        context=f"kind-{standing.name}",
        host=host,
        port=port,
    )


@contextmanager
def prepared(mine: Mine, server: str) -> Iterator[None]:
    """What docs/kubernetes.md asks the user for: the nodes' containerd allows the registry."""
    folder = f"/etc/containerd/certs.d/{mine.host}:{mine.port}"
    write = f"mkdir -p {folder} && printf '%s' '{server}' > {folder}/hosts.toml"
    try:
        for node in mine.standing.workers:
            docker("exec", node, "sh", "-c", write)
        yield
    finally:
        for node in mine.standing.workers:
            docker("exec", node, "rm", "-rf", folder)


@pytest.fixture
def mine(bare: Mine) -> Iterator[Mine]:
    """Its nodes take plain HTTP from this machine."""
    with prepared(bare, f'server = "http://{bare.host}:{bare.port}"\n'):
        yield bare


def calm(mine: Mine, folder: Path) -> Path:
    """One round without faults."""
    path = mine.scenario(folder)
    head, _, rest = path.read_text(encoding="utf-8").partition("faults:")
    text = f"{head}expect:{rest.partition('expect:')[2]}"
    path.write_text(text.replace(", repeat: 3, every: 5s", ""), encoding="utf-8")
    return path


def table(folder: Path, name: str) -> pd.DataFrame:
    """The samples that came from the cluster, not from background clients."""
    rows = pd.read_parquet(run_folder(folder) / "samples" / f"{name}.parquet")
    return rows[rows["node"] != CLIENTS_NODE]


def test_a_scenario_runs_on_a_cluster_of_the_users(mine: Mine, tmp_path: Path) -> None:
    """Faults bite real pulls; nodes and kubeconfig are not touched, and nothing of it is copied."""
    before = mine.state()
    done = harness("run", mine.scenario(tmp_path), *mine.options, folder=tmp_path, limit_s=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert mine.state() == before
    pods, pulls, requests = (table(tmp_path, it) for it in ("pods", "pulls", "requests"))
    assert len(pods) == 12
    assert set(pods["node"]) == {"node-0", "node-1"}
    assert set(pulls[pulls["outcome"] == "failed"]["cause"]) == {"rate", "auth"}
    assert set(requests["node"]) == {""}
    assert (requests["pull"] != "").any()
    bites = {it["word"]: it["bites"] for it in events(tmp_path) if "bites" in it}
    assert bites["pull_rate_limit"] > 0
    assert bites["wrong_credentials"] > 0
    opened = {it["room"]: it for it in events(tmp_path) if it["event"] == "room_opened"}
    assert opened["cluster"]["details"]["provider"] == "existing"
    for path in run_folder(tmp_path).rglob("*"):
        assert path.is_dir() or b"client-key-data" not in path.read_bytes(), path


def test_a_first_pull_is_cold_on_nodes_that_keep_images(mine: Mine, tmp_path: Path) -> None:
    """The run before left its own there, which are not ours to remove."""
    for time in ("first", "second"):
        folder = tmp_path / time
        folder.mkdir()
        done = harness("run", calm(mine, folder), *mine.options, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not table(folder, "pods")["cached"].all()
        layers = table(folder, "requests").query("kind == 'blob' and status == 200")
        assert layers["bytes"].sum() > 2 * (2 << 20)  # each of two nodes


def test_its_nodes_pull_over_tls_when_they_check_no_certificate(bare: Mine, tmp_path: Path) -> None:
    """The authority is new for each run, so that nobody can have it installed before."""
    tls = ("--set", "environment.registry.tls=true")
    done = harness("run", calm(bare, tmp_path), *bare.options, *tls, folder=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "its containerd does not trust" in done.stderr
    shutil.rmtree(tmp_path / "reports")
    server = f'server = "https://{bare.host}:{bare.port}"\nskip_verify = true\n'
    with prepared(bare, server):
        done = harness("run", calm(bare, tmp_path), *bare.options, *tls, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (table(tmp_path, "pulls")["outcome"] == "ok").any()


def test_a_context_that_was_named_once_is_left_alone(bare: Mine, tmp_path: Path) -> None:
    """Exit 2 with one sentence, before anything is made."""
    before = bare.state()
    done = harness(
        *("run", bare.scenario(tmp_path), "--kubeconfig", bare.kubeconfig), folder=tmp_path
    )
    assert done.returncode == 2
    assert f"is used only with --allow-context {bare.context}" in done.stderr
    assert not (tmp_path / "reports").exists()
    assert bare.state() == before


def test_nodes_that_take_no_plain_http_are_reported(bare: Mine, tmp_path: Path) -> None:
    """Exit 3 with the file that would allow it."""
    before = bare.state()
    done = harness("run", bare.scenario(tmp_path), *bare.options, folder=tmp_path, limit_s=120)
    assert done.returncode == 3, done.stdout + done.stderr
    registry = f"{bare.host}:{bare.port}"
    assert f'hosts.toml with server = "http://{registry}"' in done.stderr
    assert bare.state() == before


def test_ctrl_c_leaves_nothing_in_a_cluster_of_the_users(mine: Mine, tmp_path: Path) -> None:
    """In the middle of a rollout and of a fault."""
    before = mine.state()
    process = start("run", mine.scenario(tmp_path), *mine.options, folder=tmp_path)
    wait_for_event(tmp_path, "fault_injected")
    assert mine.state() != before
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert mine.state() == before


def test_recover_deletes_the_namespace_when_it_may(mine: Mine, tmp_path: Path) -> None:
    """After a kill; not without the context's name, and then only what bears the run's label."""
    before = mine.state()
    process = start("run", mine.scenario(tmp_path), *mine.options, folder=tmp_path)
    wait_for_event(tmp_path, "load_started")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert mine.state() != before
    refused = harness("recover", "--kubeconfig", mine.kubeconfig, folder=tmp_path)
    assert refused.returncode == 3, refused.stdout
    assert f"--allow-context {mine.context}" in refused.stdout
    assert mine.state() != before
    recovered = harness("recover", *mine.options, folder=tmp_path, limit_s=120)
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    assert mine.state() == before
    records = (run_folder(tmp_path) / "journal.jsonl").read_text(encoding="utf-8")
    kinds = [json.loads(line).get("undo", {}).get("kind") for line in records.splitlines()]
    assert "delete_existing_namespace" in kinds
