"""`harness run --cluster kind` as a user meets it, on a cluster that was kept."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.load.orders import CLIENTS_NODE
from harness.recording.samples import POD_PARTS
from tests.cluster_lab import (
    ROOT,
    Standing,
    containers_of,
    docker,
    kubectl,
    namespaces,
    require_cluster,
    state_of,
)
from tests.program import events, harness, run_folder, start, wait_for_event

pytestmark = pytest.mark.cluster

SCENARIO = """\
name: real
seed: 5
environment: {cluster: {provider: kind, nodes: 2}}
images:
  app: {size: 2MiB, layers: 2}
load:
  rollouts:
    - {name: app, image: app, replicas: 4, at: 0s, repeat: 2, every: 6s}
    - {name: same, image: app, replicas: 2, at: 1s, repeat: 2, every: 10s, cache: warm}
  pulls:
    - {image: app, rate: 2/s, users: 2}
faults:
  - pull_rate_limit: {limit: 0}
    at: 5s
    for: 8s
expect:
  - {metric: pods_ready, at_least: 100%}
"""


STEPS = """\
name: real
environment: {cluster: {provider: kind, nodes: 2}}
images:
  calm: {size: 256KiB}
  fresh: {size: 256KiB}
load:
  rollouts:
    - {name: calm, image: calm, replicas: 4, repeat: 2, every: 8s,
       rolling: {max_surge: 1, max_unavailable: 0}}
    - {name: fresh, image: fresh, replicas: 2, repeat: 2, every: 8s}
  scale_ups:
    - {of: calm, by: 2, at: 20s}
  rollbacks:
    - {of: calm, at: 26s}
    - {of: fresh, at: 20s}
faults:
  - latency: {delay: 5ms}
    at: 1s
    for: 10s
expect:
  - {metric: pods_ready, at_least: 100%}
"""


def scenario(folder: Path, text: str = SCENARIO) -> Path:
    path = folder / "real.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def table(folder: Path, name: str) -> pd.DataFrame:
    """The samples that came from the cluster, not from background clients."""
    rows = pd.read_parquet(folder / "samples" / f"{name}.parquet")
    return rows[rows["node"] != CLIENTS_NODE]


def as_before(standing: Standing) -> dict[str, Any]:
    return {
        "nodes": [state_of(node) for node in standing.workers],
        "namespaces": namespaces(standing.name),
    }


def test_a_scenario_runs_on_real_nodes(standing: Standing, tmp_path: Path) -> None:
    """Deployments roll out, the fault bites where real pulls happen, all of it is put back."""
    before = as_before(standing)
    done = harness(
        *("run", scenario(tmp_path), "--reuse", standing.name, "--link", "embedded"),
        folder=tmp_path,
        limit_s=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert as_before(standing) == before
    folder = run_folder(tmp_path)
    pods, pulls = table(folder, "pods"), table(folder, "pulls")
    assert len(pods) == 12
    assert set(pods["node"]) == {"node-0", "node-1"}
    assert (pods[list(POD_PARTS)].sum(axis=1) - pods["delay_s"]).abs().max() < 0.01
    failed = pulls[pulls["outcome"] == "failed"]
    assert set(failed["cause"]) == {"rate"}
    assert "429 Too Many Requests" in failed["error_text"].iloc[0]
    # containerd repeats a 429 four times; which of two pods on a node asked is told by time alone
    assert failed["requests"].sum() == 5 * len(failed)
    warm = pods[pods["rollout"] == "same-2"]
    assert warm["cached"].all()
    # cold, whatever an earlier run has left: both nodes fetched the layers of both versions
    requests = table(folder, "requests")
    blobs = requests[(requests["kind"] == "blob") & (requests["status"] == 200)]
    assert set(blobs.groupby("node").size()) == {9}  # config and two layers, three versions
    [watched] = [event for event in events(tmp_path) if event["event"] == "pods_watched"]
    assert watched["pods"] == 12
    counted = [event["counts"] for event in events(tmp_path) if event["event"] == "node_metrics"]
    assert sum(it["pull_call_errors"] for it in counted) == len(failed)
    assert sum(it["containerd_pulls_failed"] for it in counted) == len(failed)
    assert sum(it["pods_started"] for it in counted) >= len(pods)  # and what keeps the secret
    [healed] = [event for event in events(tmp_path) if event["event"] == "fault_healed"]
    assert healed["bites"] > 0
    secret = json.loads((folder / "run.json").read_text())
    assert "password" not in secret


def test_deployments_are_updated_rolled_back_and_scaled(standing: Standing, tmp_path: Path) -> None:
    """One Deployment in place, another with rounds of its own; every planned pod becomes Ready."""
    done = harness(
        *("run", scenario(tmp_path, STEPS), "--reuse", standing.name, "--link", "embedded"),
        folder=tmp_path,
        limit_s=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pods = table(run_folder(tmp_path), "pods")
    assert (pods["outcome"] == "ok").all()
    made = pods.groupby("rollout").size().to_dict()
    assert made == {
        "calm-1": 4,
        "calm-2": 4,
        "calm-3": 2,
        "calm-4": 6,
        "fresh-1": 2,
        "fresh-2": 2,
        "fresh-3": 2,
    }
    back = pods[pods["rollout"].isin(["calm-4", "fresh-3"])]
    assert back["cached"].all()  # the version before is still on the nodes
    assert set(back["image"].str.rpartition(":")[2]) == {"v1"}
    waves = pods[pods["rollout"] == "calm-2"]["created_s"]
    assert waves.max() - waves.min() > 0.2  # one more than there may be at a time


def test_ctrl_c_puts_a_real_cluster_back(standing: Standing, tmp_path: Path) -> None:
    """In the middle of a rollout and of a fault: 130, and the nodes are as before."""
    before = as_before(standing)
    process = start(
        *("run", scenario(tmp_path), "--reuse", standing.name, "--link", "embedded"),
        folder=tmp_path,
    )
    wait_for_event(tmp_path, "fault_injected")
    assert namespaces(standing.name) != before["namespaces"]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert as_before(standing) == before


def test_what_a_killed_run_left_in_a_cluster_is_undone_by_recover(
    standing: Standing, tmp_path: Path
) -> None:
    """Its namespace with all that runs in it, and the nodes' path."""
    before = as_before(standing)
    process = start(
        *("run", scenario(tmp_path), "--reuse", standing.name, "--link", "embedded"),
        folder=tmp_path,
    )
    wait_for_event(tmp_path, "load_started")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert as_before(standing) != before
    recovered = harness("recover", folder=tmp_path)
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    assert "deleted" in recovered.stdout + recovered.stderr
    assert as_before(standing) == before


def test_a_node_that_dies_in_a_run_leaves_its_verdict_unknown(tmp_path: Path) -> None:
    """Exit 4, the node and what became of it are named, its pods are counted, nothing is left."""
    require_cluster()
    process = start("run", scenario(tmp_path), "--link", "embedded", folder=tmp_path)
    wait_for_event(tmp_path, "fault_injected", limit_s=180)
    [made] = [it for it in events(tmp_path) if it.get("room") == "cluster"]
    name = made["details"]["name"]
    docker("kill", f"{name}-worker2")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 4, out + err
    assert f"{name}-worker2: the container is exited" in out + err
    assert containers_of(name) == []
    pods = table(run_folder(tmp_path), "pods")
    assert set(pods["node"]) >= {"node-0", "node-1"}
    assert (pods["outcome"] != "ok").any()


def test_the_nodes_image_is_reported_when_it_is_missing(tmp_path: Path) -> None:
    """Exit 3 with one sentence; nothing is left."""
    require_cluster()
    done = harness(
        *("run", scenario(tmp_path), "--kind-image", "harness/no-such-image:v1"), folder=tmp_path
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "harness/no-such-image:v1" in done.stderr


def test_a_plan_says_who_pulls(tmp_path: Path) -> None:
    """Without touching anything; on fewer nodes when that is asked for."""
    plan = harness("plan", ROOT / "scenarios/quickstart.yaml", "--cluster", "kind", folder=tmp_path)
    assert "nodes     3 kind" in plan.stdout


def test_up_holds_a_faulty_registry_before_a_real_cluster(
    standing: Standing, tmp_path: Path
) -> None:
    """Somebody's own kubectl pulls from it with the run's secret; Ctrl-C takes it all away."""
    before = as_before(standing)
    process = start(
        *("up", "--json", "--link", "embedded", "--nodes", "2", "--cluster", "kind"),
        *("--reuse", standing.name, "--fault", "latency: {delay: 50ms}"),
        folder=tmp_path,
    )
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    cluster = told["cluster"]
    assert cluster["name"] == standing.name
    image = f"{cluster['registry']}/{next(iter(told['images']))}"
    overrides = json.dumps({"spec": {"imagePullSecrets": [{"name": cluster["pull_secret"]}]}})
    namespace = ("--namespace", cluster["namespace"])
    run = ("run", "mine", "--image", image, "--overrides", overrides)
    kubectl(standing.name, *run, *namespace)
    wait = ("wait", "pod/mine", "--for", "condition=Ready", "--timeout", "60s")
    assert "condition met" in kubectl(standing.name, *wait, *namespace)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=90)
    assert as_before(standing) == before
