"""What nodes asked for, by the gateway's records, and which part of a pull it was."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.rollouts.access_records import parts_of, read_access_records, request_rows
from harness.recording.outcome import Cause
from harness.recording.samples import REQUESTS
from harness.seams import RequestKind
from tests.clusters.rollouts.stories import asked

BLOB = {"kind": RequestKind.BLOB, "method": "GET"}
CONFIG, LAYER = "sha256:c", "sha256:1"


def line(**changes: Any) -> str:
    """A line as the gateway's access log has it."""
    record = {
        "at_s": 2.0,
        "node": "node-0",
        "kind": "blob",
        "method": "GET",
        "path": "/v2/team/app/blobs/sha256:1",
        "repository": "team/app",
        "status": 206,
        "bytes": 7,
        "range": "bytes=100-",
        "duration_s": 0.5,
        "first_byte_s": 0.1,
        "bitten_by": "corrupted_blob-1",
        "ended": "cut",
        "user_agent": "containerd",
    }
    return json.dumps({**record, **changes}) + "\n"


def test_records_are_read_by_their_time_and_only_of_real_nodes(tmp_path: Path) -> None:
    """Clients are the load's own; a line that a crash cut short is left out."""
    log = tmp_path / "access.jsonl"
    early = line(at_s=1.0, first_byte_s=None)
    before = line(at_s=None)  # a canary, before the run began
    log.write_text(before + line() + line(node="clients") + early + '{"at_s": 3')
    first, second = read_access_records(log, ("node-0", "node-1"))
    assert (first.at_s, first.first_byte_s == first.first_byte_s) == (1.0, False)
    assert (second.first_byte_s, second.done_s, second.range_from) == (2.1, 2.5, 100)
    assert (second.repository, second.digest) == ("team/app", "sha256:1")
    assert (second.cause, second.bitten_by) == (Cause.TCP, "corrupted_blob-1")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"status": 200}, Cause.NONE),
        ({"status": 401}, Cause.NONE),  # the challenge that every pull begins with
        ({"status": 401, "kind": RequestKind.TOKEN, "path": "/token"}, Cause.AUTH),
        ({"status": 429}, Cause.RATE),
        ({"status": 503}, Cause.SERVER),
        ({"status": 200, "whole": False}, Cause.TCP),
    ],
)
def test_why_a_request_failed(changes: dict[str, Any], cause: Cause) -> None:
    """As far as status and ending tell."""
    assert asked(0.0, 1.0, **changes).cause is cause


def test_the_parts_of_a_pull_add_up_to_it() -> None:
    """Until an answer has ended the time is its request's; what follows the last is unpacking."""
    requests = [
        asked(1.0, 1.2, status=401),
        asked(1.2, 1.5, kind=RequestKind.TOKEN, method="POST", path="/token"),
        asked(1.5, 1.6),
        asked(1.6, 1.8, method="GET"),
        asked(1.8, 2.0, path=f"/v2/app/blobs/{CONFIG}", **BLOB),
        asked(2.0, 4.0, path=f"/v2/app/blobs/{LAYER}", **BLOB),
        asked(2.0, 3.0, path="/v2/app/blobs/sha256:2", **BLOB),
    ]
    parts = parts_of(requests, start_s=0.9, end_s=4.5, ok=True, configs=frozenset({CONFIG}))
    expected = {
        "resolve_s": 0.3 + 0.1,
        "auth_s": 0.3,
        "manifest_s": 0.2 + 0.2,
        "download_s": 2.0,
        "unpack_s": 0.5,
    }
    assert parts == pytest.approx(expected)
    assert sum(parts.values()) == pytest.approx(4.5 - 0.9)


def test_a_pull_that_failed_was_in_the_part_of_its_last_request() -> None:
    """Without any request it never got further than finding the registry."""
    nowhere = parts_of([], start_s=1.0, end_s=11.0, ok=False, configs=frozenset())
    assert nowhere["resolve_s"] == 10.0
    hung = [asked(1.0, 1.1), asked(1.1, 1.2, path=f"/v2/app/blobs/{LAYER}", **BLOB)]
    parts = parts_of(hung, start_s=1.0, end_s=31.2, ok=False, configs=frozenset())
    assert parts["download_s"] == pytest.approx(30.1)
    assert parts["unpack_s"] == 0.0


def test_rows_are_those_of_the_table() -> None:
    """One value for each column."""
    [row] = request_rows([asked(1.0, 2.0, status=429)], "app-1-0-1")
    values = dict(zip(REQUESTS, row, strict=True))
    assert (values["pull"], values["status"], values["cause"]) == ("app-1-0-1", 429, "rate")
    assert (values["sent_s"], values["done_s"], values["outcome"]) == (1.0, 2.0, "failed")
