"""The Kubernetes objects of a run."""

import base64
import json
from dataclasses import replace

import pytest

from harness.clusters.guard import PULL_SECRET, RUN_LABEL, require_own_namespace
from harness.clusters.rollouts.kubernetes_objects import (
    DEPLOYMENT_LABEL,
    ROLLOUT_LABEL,
    applied,
    deployment,
    namespace,
    pull_secret,
    secret_keeper,
    service_account,
    supersedes,
)
from harness.load.orders import PodOrder, RolloutOrder

ORDER = RolloutOrder(
    rollout="app-2",
    name="app",
    round=2,
    at_s=5.0,
    image="registry.harness.test/app:v2",
    pull_policy="Always",
    pods=tuple(PodOrder(pod=f"app-2-{n}", node="node-0") for n in range(3)),
)


def test_the_namespace_is_one_that_the_run_may_touch() -> None:
    """Its name and label say whose it is."""
    made = namespace("ab12")["metadata"]
    require_own_namespace(made["name"], made["labels"], "ab12")


def test_the_secret_is_what_kubectl_makes_of_the_credentials() -> None:
    """Only for this registry."""
    secret = pull_secret("ab12", "registry.harness.test", "harness", "s3:cret")
    content = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    login = content["auths"]["registry.harness.test"]
    assert base64.b64decode(login["auth"]) == b"harness:s3:cret"
    assert (login["username"], login["password"]) == ("harness", "s3:cret")


@pytest.mark.parametrize("with_secret", [True, False])
def test_the_secret_is_the_pods_or_their_accounts(with_secret: bool) -> None:  # noqa: FBT001  a table
    """Or nobody's: then pulls are anonymous."""
    pods = deployment("ab12", ORDER, hosts=("w",), with_secret=with_secret)
    spec = pods["spec"]["template"]["spec"]
    account = service_account("ab12", with_secret=with_secret)
    assert ("imagePullSecrets" in spec) is with_secret
    assert ("imagePullSecrets" in account) is with_secret


def test_a_deployment_that_is_updated_has_one_name_and_kubernetes_words() -> None:
    """Its rounds differ by the label of their pods alone; numbers are numbers, shares texts."""
    rolling = replace(ORDER, max_surge="25%", max_unavailable="0")
    made = deployment("ab12", rolling, hosts=("w",), with_secret=False)
    assert made["metadata"]["name"] == "app"
    strategy = made["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": "25%", "maxUnavailable": 0}
    template = made["spec"]["template"]["metadata"]["labels"]
    assert template[ROLLOUT_LABEL] == "app-2"
    assert ROLLOUT_LABEL not in made["spec"]["selector"]["matchLabels"]


def test_scaling_keeps_the_template_of_the_round_before() -> None:
    """And what an earlier scaling has added."""
    first = replace(ORDER, rollout="app-1", round=1, max_surge="1", max_unavailable="0")
    second, third = (
        replace(
            first,
            rollout=f"app-{n}",
            round=n,
            change="scale",
            pods=(PodOrder(pod=f"{n}", node=""),),
        )
        for n in (2, 3)
    )
    rollouts = [first, second, third]
    assert [len(applied(it, rollouts).pods) for it in rollouts] == [3, 4, 5]
    assert {applied(it, rollouts).rollout for it in rollouts} == {"app-1"}
    alone = replace(second, max_surge="", max_unavailable="")
    assert applied(alone, [first, alone]) is alone


def test_the_keeper_of_the_secret_pulls_nothing_itself() -> None:
    """It refers to the secret on every host that pulls, with an image that is there."""
    made = secret_keeper("ab12", "registry.k8s.io/pause:3.10", ("worker", "worker2"))
    spec = made["spec"]["template"]["spec"]
    [container] = spec["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (
        "registry.k8s.io/pause:3.10",
        "Never",
    )
    assert spec["imagePullSecrets"] == [{"name": PULL_SECRET}]
    assert ROLLOUT_LABEL not in made["spec"]["template"]["metadata"]["labels"]


def test_only_versions_take_the_place_of_what_was_there() -> None:
    """A scaling adds; another Deployment has nothing to do with it."""
    later = replace(ORDER, rollout="app-3", round=3)
    assert supersedes(later, ORDER)
    assert not supersedes(ORDER, later)
    assert not supersedes(replace(later, change="scale"), ORDER)
    assert not supersedes(replace(later, name="web"), ORDER)


def test_a_round_is_a_deployment_of_its_own_on_the_nodes_that_pull() -> None:
    """All its pods at once, spread evenly, and found again by their labels."""
    made = deployment("ab12", ORDER, hosts=("worker", "worker2"), with_secret=True)
    spec, pod = made["spec"], made["spec"]["template"]["spec"]
    assert (made["metadata"]["name"], spec["replicas"]) == ("app-2", 3)
    labels = spec["template"]["metadata"]["labels"]
    assert labels == {RUN_LABEL: "ab12", ROLLOUT_LABEL: "app-2", DEPLOYMENT_LABEL: "app-2"}
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    [container] = pod["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (ORDER.image, "Always")
    [spread] = pod["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == {ROLLOUT_LABEL: "app-2"}
    affinity = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    [chosen] = affinity["nodeSelectorTerms"][0]["matchExpressions"]
    assert chosen["values"] == ["worker", "worker2"]
