"""What events, image lists and logs of nodes say of pulls that failed."""

import json
from typing import Any

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.kind.pull_failures import (
    OF_CREDENTIALS,
    OF_DISK,
    OF_HOSTS,
    OF_PULL_QPS,
    failures,
    since,
    went_on,
)
from harness.node.texts import no_space
from harness.seams import HostsMistake

LOOK_UP = "dial tcp: lookup misspelt.registry.harness.test on 192.0.2.53:53: no such host"


def event(uid: str, message: str, *, node: str = "worker", **more: Any) -> dict[str, Any]:
    return {"metadata": {"uid": uid}, "message": message, "source": {"host": node}, **more}


def events(*items: dict[str, Any]) -> bytes:
    return json.dumps({"items": items}).encode()


def test_failures_are_those_of_the_change_on_its_nodes() -> None:
    """With how often kubelet saw each; a reporting instance stands in for the source."""
    answer = events(
        event("a", LOOK_UP, count=3),
        event("b", LOOK_UP, node="worker2"),
        event("c", "Back-off pulling image"),
        {"metadata": {"uid": "d"}, "message": LOOK_UP, "reportingInstance": "worker"},
        {"metadata": {"uid": "e"}, "message": None, "source": None},
    )
    found = failures(answer, OF_HOSTS[HostsMistake.WRONG_HOST], ["worker"])
    assert found == {"a": 3, "d": 1}


def test_only_what_came_since_counts() -> None:
    """Kubelet counts the same event on, and forgets old ones."""
    assert since({"a": 2, "gone": 5}, {"a": 3, "new": 4}) == 5


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (OF_HOSTS[HostsMistake.WRONG_PORT], "dial tcp 172.18.0.1:1: connect: connection refused"),
        (OF_HOSTS[HostsMistake.WRONG_PATH], "registry.harness.test/app:v1: not found"),
        (OF_CREDENTIALS, "unexpected status from GET request to U: 401 Unauthorized"),
        (OF_DISK, no_space("layer-sha256:a")),
        (OF_PULL_QPS, 'Failed to pull image "X": pull QPS exceeded'),
    ],
)
def test_each_change_is_reported_in_its_own_words(pattern: str, text: str) -> None:
    """And in no other's."""
    assert failures(events(event("a", text)), pattern, ["worker"]) == {"a": 1}
    assert failures(events(event("a", LOOK_UP)), pattern, ["worker"]) == {}


def test_containerd_tells_each_host_that_it_gives_up() -> None:
    """One line each."""
    line = b'level=info msg="trying next host" error="dial tcp 192.0.2.54:80: i/o timeout"'
    assert went_on(b"\n".join([line, b'level=info msg="PullImage"', line])) == 2


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"7"])
def test_an_answer_that_is_none_is_reported(answer: bytes) -> None:
    """In one sentence."""
    with pytest.raises(ClusterError, match="answered otherwise"):
        failures(answer, ".", [])
