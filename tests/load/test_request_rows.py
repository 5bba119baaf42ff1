"""Rows fit their table, and the gateway's header is spelt as the gateway spells it."""

from harness.gateway import exchange
from harness.load.request_rows import BITTEN_BY, Times, look_up_row, request_row
from harness.load.request_target import place_of
from harness.node.commands import Ending, Failing, Reply, TransportFailure
from harness.recording.samples import REQUESTS
from tests.load_wires import request

TIMES = Times(due_s=1.0, sent_s=2.0, first_byte_s=3.0, done_s=4.0)
DNS = TransportFailure(failing=Failing.DNS_TIMEOUT, detail="")


def test_the_header_is_the_gateways() -> None:
    """The load must not import the gateway, so it has a copy."""
    assert BITTEN_BY == exchange.BITTEN_BY


def test_rows_have_the_columns_of_their_table() -> None:
    """In number, in order and in type."""
    types = {"str": str, "float": float, "int": int, "bool": bool}
    replies = [None, DNS, *(Reply(status=200, headers={}, ending=ending) for ending in Ending)]
    rows = [
        request_row(request("http://a/"), it, pull="p", node="n", times=TIMES) for it in replies
    ]
    rows += [look_up_row(it, pull="p", node="n", sent_s=1.0, done_s=2.0) for it in (None, DNS)]
    for row in rows:
        for value, kind in zip(row, REQUESTS.values(), strict=True):
            assert isinstance(value, types[kind])


def test_causes_of_endings() -> None:
    """A body that did not come whole failed, whatever its status."""
    causes = {}
    for ending in Ending:
        reply = Reply(status=200, headers={}, ending=ending)
        row = request_row(request("http://a/"), reply, pull="p", node="n", times=TIMES)
        causes[ending.value] = row[-3:-1]
    assert causes == {
        "whole": ("ok", ""),
        "cut": ("failed", "tcp"),
        "reset": ("failed", "tcp"),
        "no_room": ("failed", "quota"),
        "stalled": ("failed", "timeout"),
    }


def test_a_place_is_what_a_url_says() -> None:
    """Without the user, with the port that scheme implies."""
    place = place_of("http://u:p@[::1]/a?b=c#d")
    assert (place.host, place.port, place.authority) == ("::1", 80, "[::1]")
    assert place.target == "/a?b=c"
