"""A cluster of the user's own: named, reachable, and never changed in its nodes."""

import pytest

from harness.scenario.complaints import ScenarioError
from harness.scenario.loading import load_text

WILDCARD = "0.0.0.0"  # noqa: S104  it is refused
CLUSTER = "provider: existing, context: prod, registry_host: 192.0.2.7"
TEXT = """\
name: x
images:
  app: {size: 8MiB, layers: 4}
load:
  rollouts: [{name: app, image: app, replicas: 2, rolling: {max_surge: 1}}]
  pulls: [{image: app, rate: 1/s}]
environment: {link: LINK, cluster: {CLUSTER}}
"""


def complaints(cluster: str, *faults: str, link: str = "auto") -> list[str]:
    """What is told, without its place."""
    text = TEXT.replace("LINK", link).replace("CLUSTER", cluster)
    if faults:
        text += "faults:\n" + "".join(f"  - {{{it}, at: 1s, for: 1s}}\n" for it in faults)
    try:
        load_text("x", text)
    except ScenarioError as error:
        return [line.split(" ", 1)[1] for line in str(error).splitlines()]
    return []


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ("provider: existing, registry_host: 192.0.2.7", "existing needs context"),
        ("provider: existing, context: prod", "existing needs registry_host"),
        (CLUSTER.replace("192.0.2.7", WILDCARD), "must be one address of this machine"),
        (CLUSTER.replace("192.0.2.7", "224.0.0.1"), "must be one address of this machine"),
        (CLUSTER.replace("192.0.2.7", "registry.example"), "must be an IPv4 address"),
        (CLUSTER.replace("192.0.2.7", "'::'"), "must be an IPv4 address"),
        (f"{CLUSTER}, registry_port: 0", "registry_port: "),
        (f"{CLUSTER}, registry_burst: 3", "registry_burst: is the node's own"),
        (f"{CLUSTER}, image: 'kindest/node:v1'", "image: is for provider: kind only"),
        ("provider: kind, context: prod", "context: is for provider: existing only"),
    ],
)
def test_what_is_missing_or_not_ours_is_reported(cluster: str, said: str) -> None:
    """Before anything starts."""
    [complaint] = complaints(cluster)
    assert said in complaint


def test_its_nodes_pull_from_the_link() -> None:
    """So there must be one."""
    [complaint] = complaints(CLUSTER, link="none")
    assert "nodes of provider: existing pull from it" in complaint


@pytest.mark.parametrize(
    "fault",
    [
        "latency: {delay: 1s}",
        "pull_rate_limit: {limit: 0}",
        "corrupted_blob: {on: rest}",
        "wrong_credentials: ",
        "missing_credentials: ",
        "server_errors: {share: 50%}",
        "registry_pause: ",
    ],
)
def test_faults_on_this_machine_and_of_the_secret_work(fault: str) -> None:
    """Gateway, link, store, process, and what Kubernetes gives the pods."""
    assert complaints(CLUSTER, fault) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("dns_nxdomain: ", "dns_nxdomain: needs the harness's resolver"),
        ("wrong_mirror: ", "wrong_mirror: changes nodes"),
        ("node_disk_full: ", "node_disk_full: changes nodes"),
        ("pull_qps: {qps: 1}", "pull_qps: changes nodes"),
        ("image_garbage_collection: ", "image_garbage_collection: changes nodes"),
        ("latency: {delay: 1s, share: 50%}", "share: must be 100% of the nodes"),
        ("latency: {delay: 1s}, where: {nodes: 0}", "where.nodes: cannot be chosen"),
        ("pull_rate_limit: , where: {nodes: 0}", "where.nodes: cannot be chosen"),
    ],
)
def test_faults_of_nodes_that_are_not_ours_are_refused(fault: str, said: str) -> None:
    """One sentence each; the same fault passes on kind."""
    [complaint] = complaints(CLUSTER, fault)
    assert said in complaint
    assert complaints("provider: kind", fault) == []
