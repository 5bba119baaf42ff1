"""A lab on a real cluster of kind's, for tests that are skipped where there is none."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.clusters.kind.creation import KindSettings
from harness.environment.lab_settings import LabSettings
from harness.node.settings import NodeSettings
from harness.oci.images import ImageSpec
from harness.process.child import Run
from harness.process.journal import Journal

ROOT = Path(__file__).parents[1]
IMAGE = os.environ.get("HARNESS_KIND_NODE_IMAGE") or None
PASSWORD = "secret"
NODES = 2
RUN_ID = "path01"  # of the run that made the cluster which tests share


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A cluster that is kept between tests, as `--keep` does."""

    name: str
    reports: Path

    @property
    def workers(self) -> list[str]:
        return [f"{self.name}-worker", f"{self.name}-worker2"]


def why_not() -> str:
    """Why no cluster can be made here, "" when one can."""
    for program in ("docker", "kind"):
        if shutil.which(program) is None:
            return f"{program} is not on PATH"
    asked = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return "" if asked.returncode == 0 else f"Docker does not answer: {asked.stderr.strip()}"


def require_cluster() -> None:
    """Skip the test, with the reason, where no cluster can be made."""
    if reason := why_not():
        pytest.skip(reason)


def make_folder(reports: Path, run_id: str) -> Path:
    """A run folder as `run` makes it."""
    folder = reports / "cluster" / f"20261124T101400Z-{run_id}"
    folder.mkdir(parents=True)
    return folder


@contextmanager
def run_in(folder: Path) -> Iterator[Run]:
    journal = Journal(folder / "journal.jsonl")
    try:
        yield Run(
            run_id=folder.name.rpartition("-")[2],
            folder=folder,
            journal=journal,
            clock_start_s=time.monotonic(),
        )
    finally:
        journal.close()


@contextmanager
def make_run(reports: Path, run_id: str) -> Iterator[Run]:
    with run_in(make_folder(reports, run_id)) as run:
        yield run


def kind_settings(nodes: int) -> KindSettings:
    return KindSettings(
        config=ROOT / "kind-config.yaml", nodes=nodes, node_settings=NodeSettings(), image=IMAGE
    )


def lab_settings(nodes: int, cache: Path) -> LabSettings:
    return LabSettings(
        seed=1,
        nodes=tuple(f"node-{n}" for n in range(nodes)),
        images=(ImageSpec(name="app", size_bytes=1 << 20, layers=2),),
        images_bytes=1 << 20,
        password=PASSWORD,
        cache_folder=cache,
    )


def docker(*words: str) -> str:
    """What docker says."""
    done = subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def containers_of(cluster: str) -> list[str]:
    label = f"label=io.x-k8s.kind.cluster={cluster}"
    return docker("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()


def state_of(container: str) -> str:
    """All that a run changes in a node, and the images that it leaves."""
    script = (
        "cat /etc/resolv.conf /etc/hosts; find /etc/containerd/certs.d | sort; "
        "iptables -t nat -S | grep -v -e KUBE-"
    )
    return docker("exec", container, "sh", "-c", script)


def kubectl(cluster: str, *words: str) -> str:
    """What kubectl says, inside the control plane."""
    plane, admin = f"{cluster}-control-plane", "/etc/kubernetes/admin.conf"
    return docker("exec", plane, "kubectl", "--kubeconfig", admin, *words)


def namespaces(cluster: str) -> list[str]:
    """Those that a run made and that are still there."""
    return kubectl(
        cluster, "get", "namespaces", "--selector", "harness.run", "--output", "name"
    ).split()
