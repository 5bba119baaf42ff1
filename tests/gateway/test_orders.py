"""Rules as they cross to the gateway."""

from typing import Any

import pytest

from harness.gateway.orders import InvalidOrderError, RuleOrder, read_order, write_order
from harness.seams import (
    Act,
    ConnectionLimit,
    Corrupt,
    Delay,
    Document,
    EgressQuota,
    Hang,
    Instead,
    MisdirectToken,
    MislabelDigest,
    Queue,
    RateLimit,
    Redirect,
    RefuseToken,
    RequestKind,
    Respond,
    ShareRate,
    SkewClock,
    Truncate,
    Watch,
)

ACTS: list[Act] = [
    Respond(status=503, headers=(("Retry-After", "5"),), body="{}"),
    RefuseToken(error=None),
    Corrupt(flip_bytes=3),
    Truncate(keep_share=0.25, ending="rst"),
    Delay(first_byte_s=1.5),
    RateLimit(limit=3, window_s=60, retry_after_s=7, headers="docker_hub"),
    Watch(),
    SkewClock(ahead_s=-600, leeway_s=60),
    MisdirectToken(host="a.invalid", port=1, path="/t"),
    MislabelDigest(says="malformed"),
    Watch(answers="missing"),
    Instead(
        tags=(("app", "v1", "sha256:a"),),
        documents=(Document(repository="app", digest="d", media_type="t", text="{}"),),
        alone=True,
    ),
    Queue(at_once=2, service_s=0.1, waiting=9),
    EgressQuota(limit_bytes=9, window_s=60, status=403, bytes_per_s=1000),
    ShareRate(bytes_per_s=1000),
    Hang(),
    ConnectionLimit(limit=2, per="all", answer="503"),
    Redirect(first_byte_s=0.5, bytes_per_s=1000),
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.act)
def test_order_crosses_whole(act: Act) -> None:
    """Written and read again an order is the same."""
    order = RuleOrder(
        rule="f-1.1",
        fault="f-1",
        act=act,
        kinds=(RequestKind.BLOB, RequestKind.TOKEN),
        methods=("GET",),
        repository="app*",
        layers=(0, 2),
        nodes=("n0",),
        digests=("sha256:a",),
        authenticated=True,
        by="tag",
        per="node",
        share=0.5,
        seed=7,
        step="f-1",
        deadline_s=12.5,
    )
    assert read_order(write_order(order)) == order


GOOD: dict[str, Any] = {
    "rule": "f.1",
    "fault": "f",
    "act": {"act": "watch"},
    "kinds": ["blob"],
    "deadline_s": 1.0,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"act": {"act": "explode"}}, "act"),
        (
            {"act": {"act": "respond", "status": 42}},
            "act.respond.status: Input should be greater than or equal to 200, got 42",
        ),
        ({"act": {"act": "respond", "status": 100}}, "status"),
        ({"act": {"act": "respond", "status": 503, "headers": [["A", "b\r\nX: y"]]}}, "headers"),
        ({"act": {"act": "respond", "status": 503, "headers": [["a b", "c"]]}}, "headers"),
        ({"act": {"act": "corrupt", "flip_bytes": 0}}, "flip_bytes"),
        ({"act": {"act": "truncate", "keep_share": 1.0}}, "keep_share"),
        ({"act": {"act": "truncate", "ending": "bang"}}, "ending"),
        ({"act": {"act": "respond", "status": 600}}, "status"),
        ({"act": {"act": "respond", "status": 503, "headers": [["A", "b\n"]]}}, "headers"),
        ({"act": {"act": "delay", "first_byte_s": -1}}, "first_byte_s"),
        ({"act": {"act": "delay", "first_byte_s": float("nan")}}, "first_byte_s"),
        ({"act": {"act": "delay", "first_byte_s": float("inf")}}, "first_byte_s"),
        ({"act": {"act": "truncate", "keep_share": float("nan")}}, "keep_share"),
        ({"act": {"act": "queue", "at_once": 0, "service_s": 1}}, "at_once"),
        ({"act": {"act": "queue", "at_once": 1, "service_s": 1, "waiting": -1}}, "waiting"),
        (
            {"act": {"act": "egress_quota", "limit_bytes": 1, "window_s": 1, "bytes_per_s": 0}},
            "bytes_per_s",
        ),
        ({"act": {"act": "connection_limit", "limit": -1}}, "limit"),
        ({"act": {"act": "redirect", "first_byte_s": 0, "bytes_per_s": 0}}, "bytes_per_s"),
        ({"act": {"act": "rate_limit", "limit": 1, "window_s": 0}}, "window_s"),
        ({"act": {"act": "skew_clock", "ahead_s": 1, "leeway_s": -1}}, "leeway_s"),
        ({"act": {"act": "misdirect_token", "host": "a:1"}}, "host"),
        ({"act": {"act": "misdirect_token", "host": 'a"b'}}, "host"),
        ({"act": {"act": "misdirect_token", "port": 0}}, "port"),
        ({"act": {"act": "misdirect_token", "path": '/a"\r\n'}}, "path"),
        ({"act": {"act": "mislabel_digest", "says": "x"}}, "says"),
        ({"kinds": ["pizza"]}, "kinds"),
        ({"share": 1.5}, "share"),
        ({"fault": "a,b\n"}, "fault"),
        ({"unknown": 1}, "unknown"),
        ({"deadline_s": None}, "deadline_s"),
    ],
)
def test_bad_order_is_refused(change: dict[str, Any], message: str) -> None:
    """The complaint names the field."""
    assert read_order(GOOD)
    with pytest.raises(InvalidOrderError, match=message):
        read_order(GOOD | change)


@pytest.mark.parametrize("data", [None, 7, [], "rule", {}])
def test_what_is_no_order_is_refused(data: object) -> None:
    """Anything else than an order is refused too."""
    with pytest.raises(InvalidOrderError):
        read_order(data)
