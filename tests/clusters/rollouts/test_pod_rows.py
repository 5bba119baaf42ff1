"""From stories and the gateway's records to rows of samples."""

import math
from typing import Any

import pytest

from harness.clusters.rollouts.access_records import AccessRecord
from harness.clusters.rollouts.pod_rows import (
    Joining,
    all_request_rows,
    joined,
    pod_rows,
    pull_rows,
)
from harness.clusters.rollouts.pod_story import PodState, PodStory
from harness.node import texts
from harness.recording.samples import POD_PARTS, PODS, PULLS, REQUESTS
from harness.seams import RequestKind
from tests.clusters.rollouts.stories import IMAGE, asked, story, tell

REFUSED = "dial tcp 172.18.0.1:5000: connect: connection refused"
LAYER = {"kind": RequestKind.BLOB, "method": "GET", "path": "/v2/app/blobs/sha256:1"}


def joining(*records: AccessRecord, end_s: float = 100.0, serial: bool = True) -> Joining:
    return Joining(asked=records, configs=frozenset(), serial=serial, end_s=end_s)


def rows_of(table: dict[str, Any], rows: Any) -> list[dict[str, Any]]:
    return [dict(zip(table, row, strict=True)) for row in rows]


def failed_then_pulled() -> PodStory:
    """Created at 1; refused at 2; pulled from 14 to 15 after a second in the queue; ready at 16."""
    pod = story()
    tell(pod, 2.0, "Pulling", texts.pulling(IMAGE))
    tell(pod, 2.5, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
    tell(pod, 13.0, "Pulling", texts.pulling(IMAGE))
    message = texts.pulled(IMAGE, pull_s=1.0, waiting_s=2.0, image_bytes=7)
    tell(pod, 15.0, "Pulled", message)
    list(pod.saw_pod(16.0, PodState(host="w", ready=True), "node-0"))
    return pod


def test_the_parts_of_a_delay_add_up_to_it() -> None:
    """Schedule, the failed try, back-off, queue, the pull's own parts, start."""
    pod = failed_then_pulled()
    to_join = joining(asked(14.0, 14.2), asked(14.2, 14.8, sent_bytes=7, **LAYER))
    pulls = joined([pod], to_join)
    [row] = rows_of(PODS, pod_rows([pod], pulls, 100.0))
    expected = {
        "schedule_s": 1.0,
        "resolve_s": 0.5 + 0.2,
        "backoff_s": 10.5,
        "queue_s": 1.0,
        "download_s": 0.6,
        "unpack_s": 0.2,
        "start_s": 1.0,
        "auth_s": 0.0,
        "manifest_s": 0.0,
    }
    assert {name: row[name] for name in POD_PARTS} == pytest.approx(expected)
    assert sum(row[name] for name in POD_PARTS) == pytest.approx(row["delay_s"])
    assert (row["outcome"], row["attempts"], row["cached"]) == ("ok", 2, False)


def test_each_attempt_is_a_row_with_what_its_node_asked_for() -> None:
    """And what belongs to no attempt is kept."""
    pod = failed_then_pulled()
    stray = asked(50.0, 50.1)
    to_join = joining(asked(14.0, 14.2), asked(14.2, 14.8, sent_bytes=7, **LAYER), stray)
    pulls = joined([pod], to_join)
    first, second = rows_of(PULLS, pull_rows(pulls))
    assert (first["outcome"], first["cause"], first["requests"]) == ("failed", "tcp", 0)
    assert (second["requests"], second["bytes"], second["queue_s"]) == (2, 7, 1.0)
    assert (second["started_s"], second["ended_s"]) == (14.0, 15.0)
    owners = [row[0] for row in all_request_rows(pulls, to_join)]
    assert owners == ["app-1-0-2", "app-1-0-2", ""]


def test_an_attempt_has_what_its_node_asked_for_about_its_image() -> None:
    """Whatever its `Pulling` says: events reach us late, records are written as requests come."""
    pod = story()
    tell(pod, 2.4, "Pulling", texts.pulling(IMAGE))
    tell(pod, 2.5, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
    tell(pod, 13.0, "Pulling", texts.pulling(IMAGE))
    tell(pod, 13.5, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
    token = {"kind": RequestKind.TOKEN, "method": "POST", "path": "/token"}
    others = [asked(2.0, 2.1, node="node-1"), asked(2.0, 2.1, repository="web")]
    to_join = joining(asked(2.0, 2.1), asked(2.1, 2.2, **token), *others, asked(12.9, 13.0))
    first, second = joined([pod], to_join)
    assert [it.at_s for it in first.asked] == [2.0, 2.1]
    assert [it.at_s for it in second.asked] == [12.9]
    assert first.started_s == 2.0


@pytest.mark.parametrize(("serial", "started_s"), [(True, 2.5), (False, 2.0)])
def test_a_serial_node_pulls_one_image_after_the_other(serial: bool, started_s: float) -> None:  # noqa: FBT001  a table
    """The second pod's try cannot have begun before the first one's was over."""
    pods = [story("app-1-0"), story("app-1-1")]
    for pod, ended_s in zip(pods, (2.5, 3.0), strict=True):
        tell(pod, 2.0, "Pulling", texts.pulling(IMAGE))
        tell(pod, ended_s, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
    pulls = joined(pods, joining(asked(2.6, 2.7), serial=serial))
    assert [pull.started_s for pull in pulls] == [2.0, started_s]
    assert [len(pull.asked) for pull in pulls] == [0, 1]


def test_an_image_that_another_pod_brought_ends_the_back_off() -> None:
    """From hearing that it is present on, the pod starts."""
    pod = story()
    tell(pod, 2.0, "Pulling", texts.pulling(IMAGE))
    tell(pod, 2.0, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
    tell(pod, 14.0, "Pulled", texts.already_present(IMAGE))
    list(pod.saw_pod(15.0, PodState(host="w", ready=True), "node-0"))
    [row] = rows_of(PODS, pod_rows([pod], joined([pod], joining()), 100.0))
    assert (row["backoff_s"], row["start_s"]) == (12.0, 1.0)
    assert (row["cached"], row["attempts"]) == (True, 1)


def test_pods_that_never_became_ready_stay_in() -> None:
    """Unfinished until the watching ended, with the cause of the last failure."""
    pod = story()
    tell(pod, 2.0, "Pulling", texts.pulling(IMAGE))
    tell(pod, 2.5, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
    tell(pod, 14.0, "Pulling", texts.pulling(IMAGE))
    pulls = joined([pod], joining(end_s=20.0))
    [row] = rows_of(PODS, pod_rows([pod], pulls, 20.0))
    assert (row["outcome"], row["cause"], row["ended_s"]) == ("unfinished", "tcp", 20.0)
    assert math.isnan(row["delay_s"])
    assert sum(row[name] for name in POD_PARTS) == pytest.approx(19.0)
    assert [it["outcome"] for it in rows_of(PULLS, pull_rows(pulls))] == ["failed", "unfinished"]


def test_requests_that_tell_no_node_are_joined_by_repository_and_time() -> None:
    """On a cluster whose nodes share a listener, one pull may have got another's requests."""
    first, second = story("app-1-0"), story("app-1-1", node="node-1")
    for pod, ended_s in ((first, 3.0), (second, 5.0)):
        tell(pod, 2.0, "Pulling", texts.pulling(IMAGE))
        message = texts.pulled(IMAGE, pull_s=1.0, waiting_s=1.0, image_bytes=7)
        tell(pod, ended_s, "Pulled", message)
        list(pod.saw_pod(ended_s, PodState(host="w", ready=True), pod.node))
    layer = asked(2.5, 2.8, node="", sent_bytes=7, **LAYER)
    to_join = Joining(asked=[layer], configs=frozenset(), serial=True, end_s=9.0, shared=True)
    pulls = joined([first, second], to_join)
    assert [it.asked for it in pulls] == [(layer,), ()]
    [row] = rows_of(REQUESTS, all_request_rows(pulls, to_join))
    assert (row["node"], row["pull"]) == ("", pulls[0].identity)
    pods = rows_of(PODS, pod_rows([first, second], pulls, 9.0))
    assert [it["cached"] for it in pods] == [False, False]
    assert [it["node"] for it in pods] == ["node-0", "node-1"]
