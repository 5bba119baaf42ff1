"""Requests on real sockets: every way an answer can end, and what is told of it."""

import re
import socket
import time

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load.body_sinks import KEPT_BYTES_MAX
from harness.load.pull_connection import HEAD_BYTES_MAX
from harness.node.commands import Ending, Failing, Reply, TransportFailure
from harness.node.hosts import NOBODY
from harness.oci.digest import digest_of
from harness.recording.outcome import Cause
from tests.load_wires import Wire, request, wired
from tests.scripted_server import FIN, HANG, RST, Steps, free_port, ok, promised, scripted

CONTENT = bytes(range(256)) * 2000
DIGEST = digest_of(CONTENT)


def ask(wire: Wire, url: str, method: str = "GET", **fields: object) -> Reply | TransportFailure:
    return wire.perform(request(url, method, **fields), pull="p1")


def answered(wire: Wire, url: str, method: str = "GET", **fields: object) -> Reply:
    reply = ask(wire, url, method, **fields)
    assert isinstance(reply, Reply), reply
    return reply


def failed(wire: Wire, url: str, method: str = "GET", **fields: object) -> TransportFailure:
    failure = ask(wire, url, method, **fields)
    assert isinstance(failure, TransportFailure), failure
    return failure


def test_an_answer_comes_with_status_headers_and_body() -> None:
    """Header names in lower case, repeated ones joined."""
    with scripted([[ok(b"hello", "X-One: a", "x-one: b")]]) as server, wired() as wire:
        reply = answered(wire, f"{server.url}/v2/app?n=1", headers={"Accept": "x/y"})
    assert (reply.status, reply.body, reply.body_bytes) == (200, b"hello", 5)
    assert reply.headers["x-one"] == "a, b"
    assert reply.ending is Ending.WHOLE
    (asked,) = server.asks
    assert (asked.method, asked.path, asked.headers["accept"]) == ("GET", "/v2/app?n=1", "x/y")
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"


def test_each_request_leaves_one_row() -> None:
    """With its moments in order, its bytes, and the fault that bit it."""
    body = ok(b"12345", "harness-bitten-by: f-1", status="503 Busy")
    with scripted([[body]]) as server, wired() as wire:
        wire.perform(request(server.url, range_from=7), pull="p9", due_s=time.monotonic() - 1)
        (row,) = wire.rows()
    assert row["due_s"] == pytest.approx(row["sent_s"] - 1, abs=0.1)
    assert row["sent_s"] <= row["first_byte_s"] <= row["done_s"]
    told = {"pull": "p9", "node": "n0", "kind": "blob", "method": "GET", "status": 503}
    told |= {"bytes": 5, "range_from": 7, "outcome": "failed", "cause": "server"}
    assert {**row, **told, "bitten_by": "f-1"} == row


def test_a_challenge_is_no_failure_but_a_refusal_is() -> None:
    """A 401 counts against who sent credentials."""
    with scripted([[ok(status="401 No")]]) as server, wired() as wire:
        ask(wire, server.url)
        ask(wire, server.url, headers={"Authorization": "Bearer x"})
        assert [row["outcome"] for row in wire.rows()] == ["ok", "failed"]


ENDINGS: list[tuple[Steps, Ending, str]] = [
    ([promised(9, b"12345"), FIN], Ending.CUT, r"unexpected EOF"),
    ([promised(9, b"12345"), RST], Ending.RESET, r"read tcp \S+->\S+: read: connection reset by p"),
    ([b"HTTP/1.1 200 OK\r\n\r\n12345", FIN], Ending.WHOLE, ""),
    ([b"HTTP/1.1 200 OK\r\n\r\n12345", RST], Ending.RESET, "reset by peer"),
    (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"],
        Ending.WHOLE,
        "",
    ),
    (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n12345", FIN],
        Ending.CUT,
        "unexpected EOF",
    ),
    ([promised(9, b"12345"), HANG], Ending.STALLED, "context canceled"),
    ([ok(b"12345") + b"more"], Ending.WHOLE, ""),
    ([b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"12345")], Ending.WHOLE, ""),
]


@pytest.mark.parametrize(("steps", "ending", "detail"), ENDINGS)
def test_bodies_end_as_they_end(steps: Steps, ending: Ending, detail: str) -> None:
    """Five bytes came, however it went on."""
    with scripted([steps]) as server, wired() as wire:
        # A reset may overtake the bytes before it; then fewer of them are seen.
        reply = answered(wire, server.url, progress_timeout_s=1.0)
        assert reply.ending is ending
        assert re.search(detail, reply.detail)
        if ending is not Ending.RESET:
            assert (reply.body, reply.body_bytes) == (b"12345", 5)
        (row,) = wire.rows()
        assert (row["outcome"] == "ok") == (ending is Ending.WHOLE)


FAILURES: list[tuple[Steps, Failing, str]] = [
    ([FIN], Failing.EOF, "EOF"),
    ([RST], Failing.RESET, r"read tcp \S+->\S+: read: connection reset by peer"),
    ([b"HTTP/1.1 200 OK\r\nA: b", FIN], Failing.EOF, "unexpected EOF"),
    ([HANG], Failing.HEADER_TIMEOUT, "net/http: timeout awaiting response headers"),
    ([b"HTTP/1.1 200 OK\r\n", HANG], Failing.HEADER_TIMEOUT, "awaiting response headers"),
    ([b"SSH-2.0-x\r\n"], Failing.MALFORMED, 'malformed HTTP response "SSH-2.0-x"'),
    (
        [b"HTTP/1.1 200 OK\r\n" + b"A: " + b"b" * (HEAD_BYTES_MAX * 2), HANG],
        Failing.MALFORMED,
        "headers exceed",
    ),
    ([b"HTTP/1.1 100 Continue\r\n\r\n" * 4000, HANG], Failing.MALFORMED, "headers exceed"),
    ([b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n"], Failing.MALFORMED, "malformed"),
]


@pytest.mark.parametrize(("steps", "failing", "detail"), FAILURES)
def test_no_head_is_a_failure_with_its_reason(steps: Steps, failing: Failing, detail: str) -> None:
    """What came before the headers ended decides."""
    with scripted([steps]) as server, wired() as wire:
        failure = failed(wire, server.url, header_timeout_s=1.0)
        assert failure.failing is failing, failure
        assert re.search(detail, failure.detail)
        (row,) = wire.rows()
        assert (row["outcome"], row["status"]) == ("failed", 0)
        assert server.all_closed()


def test_a_port_where_nobody_listens_refuses() -> None:
    """The text is Go's."""
    port = free_port()
    with wired() as wire:
        failure = failed(wire, f"http://127.0.0.1:{port}/")
    detail = f"dial tcp 127.0.0.1:{port}: connect: connection refused"
    assert failure == TransportFailure(failing=Failing.DIAL_REFUSED, detail=detail)


def test_a_dial_that_is_never_answered_times_out() -> None:
    """A full backlog drops the handshake, as a firewall does."""
    with socket.socket() as full, wired() as wire:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        failure = failed(wire, f"http://127.0.0.1:{address[1]}/", dial_timeout_s=0.5)
        for filler in fillers:
            filler.close()
    assert failure.failing is Failing.DIAL_TIMEOUT
    assert failure.detail == f"dial tcp 127.0.0.1:{address[1]}: i/o timeout"


def test_no_byte_for_the_whole_pull_ends_a_wait_for_headers_too() -> None:
    """kubelet's progress timeout may be shorter than the transport's own."""
    with scripted([[HANG]]) as server, wired() as wire:
        failure = failed(wire, server.url, progress_timeout_s=0.5)
    assert failure == TransportFailure(failing=Failing.NO_PROGRESS, detail="context canceled")


def test_a_stalled_body_waits_while_another_of_its_pull_moves() -> None:
    """Progress is the pull's, not the connection's: one byte anywhere resets it."""

    def answer(asked: object, number: int) -> Steps:
        return [promised(9, b"1"), HANG] if number == 0 else [ok(b"x")]

    with scripted(answer) as server, wired() as wire:
        began_s = time.monotonic()
        stalled = gevent.spawn(answered, wire, server.url, progress_timeout_s=1.0)
        for _ in range(4):
            gevent.sleep(0.5)
            answered(wire, server.url)
        assert not stalled.ready()
        assert stalled.get().ending is Ending.STALLED
        assert time.monotonic() - began_s >= 2.5


def test_connections_are_kept_by_client_and_pull() -> None:
    """The resolver's are not the fetcher's, and no other pull gets them."""
    with scripted([[ok(b"x")]]) as server, wired() as wire:
        for client, pull in [("fetcher", "p1")] * 3 + [("resolver", "p1"), ("fetcher", "p2")]:
            wire.perform(request(server.url, client=client), pull=pull)
        assert server.accepted == 3
        wire.forget("p1")
        wire.forget("p2")
        assert server.all_closed()


def test_a_head_leaves_the_connection_usable() -> None:
    """Its length is of a body that does not come."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    with scripted([[head], [ok(b"x")]]) as server, wired() as wire:
        assert answered(wire, server.url, "HEAD").headers["content-length"] == "999"
        assert answered(wire, server.url).body == b"x"
        assert server.accepted == 1


@pytest.mark.parametrize("ending", [FIN, RST])
def test_a_kept_connection_that_dies_is_replaced_silently(ending: str) -> None:
    """The request goes out again on a new connection; one row tells of both."""
    with scripted([[ok(b"x")], [ending], [ok(b"y")]]) as server, wired() as wire:
        answered(wire, server.url)
        assert answered(wire, server.url).body == b"y"
        assert server.accepted == 2
        assert len(wire.rows()) == 2


def test_a_post_is_not_sent_twice() -> None:
    """Go repeats only what does no harm."""
    with scripted([[ok(b"x")], [FIN], [ok(b"y")]]) as server, wired() as wire:
        answered(wire, server.url)
        assert failed(wire, server.url, "POST", form={"a": "b"}).failing is Failing.EOF
        assert len(server.asks) == 2


def test_a_connection_closed_while_idle_is_not_used() -> None:
    """Then even a POST goes out on a new one."""
    with scripted([[ok(b"x"), FIN], [ok(b"y")]]) as server, wired() as wire:
        answered(wire, server.url)
        assert server.all_closed()
        assert answered(wire, server.url, "POST", form={"a": "b"}).body == b"y"
        assert server.accepted == 2


def test_a_connection_that_a_dead_first_use_had_is_not_tried_again() -> None:
    """Only a kept connection excuses an early end."""
    with scripted([[FIN], [ok(b"y")]]) as server, wired() as wire:
        assert failed(wire, server.url).failing is Failing.EOF
        assert len(server.asks) == 1


def test_forms_and_bodies_are_sent_with_their_length() -> None:
    """A token request and an upload."""
    with scripted([[ok()]]) as server, wired() as wire:
        answered(wire, server.url, "POST", form={"scope": "a b", "user": "ü"})
        answered(wire, server.url, "PUT", body=CONTENT)
        answered(wire, server.url, "POST")
    form, put, empty = server.asks
    assert form.body == b"scope=a+b&user=%C3%BC"
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert put.body == CONTENT
    assert empty.headers["content-length"] == "0"


def test_content_is_hashed_over_its_ranges() -> None:
    """Cut, then continued by 206, then told again from the start by 200."""
    third = len(CONTENT) // 3
    rest = ok(CONTENT[third : 2 * third], status="206 Partial Content")
    script: list[Steps] = [[promised(len(CONTENT), CONTENT[:third]), FIN], [rest], [ok(CONTENT)]]
    with scripted(script) as server, wired() as wire:
        cut = answered(wire, server.url, sink=DIGEST)
        assert (cut.ending, cut.content_bytes, cut.body) == (Ending.CUT, third, b"")
        assert cut.content_digest == digest_of(CONTENT[:third])
        more = answered(wire, server.url, sink=DIGEST, range_from=third)
        assert (more.body_bytes, more.content_bytes) == (third, 2 * third)
        whole = answered(wire, server.url, sink=DIGEST, range_from=2 * third)
        assert (whole.body_bytes, whole.content_bytes) == (len(CONTENT), len(CONTENT))
        assert whole.content_digest == DIGEST


def test_only_content_goes_to_the_sink() -> None:
    """The body of an error is kept for its text, also between two ranges."""
    script: list[Steps] = [
        [promised(len(CONTENT), CONTENT[:5]), FIN],
        [ok(b"busy", status="503 Busy")],
        [ok(CONTENT[5:], status="206 Partial Content")],
    ]
    with scripted(script) as server, wired() as wire:
        answered(wire, server.url, sink=DIGEST)
        refused = answered(wire, server.url, sink=DIGEST, range_from=5)
        assert (refused.body, refused.content_digest) == (b"busy", "")
        assert answered(wire, server.url, sink=DIGEST, range_from=5).content_digest == DIGEST


def test_sha512_is_hashed_as_such() -> None:
    """Both registered algorithms may name content."""
    digest = digest_of(CONTENT, "sha512")
    with scripted([[ok(CONTENT)]]) as server, wired() as wire:
        assert answered(wire, server.url, sink=digest).content_digest == digest


def test_a_body_without_an_end_is_kept_up_to_its_limit() -> None:
    """Memory stays bounded; the connection is given up."""
    endless: Steps = [promised(1 << 40, bytes(KEPT_BYTES_MAX + (1 << 20))), HANG]
    with scripted([endless]) as server, wired() as wire:
        reply = answered(wire, server.url)
        assert len(reply.body) == KEPT_BYTES_MAX
        assert server.all_closed()


def test_a_killed_request_closes_its_connection_and_is_reported_as_unfinished() -> None:
    """Nobody waits for a pull that was given up."""
    with scripted([[promised(9, b"1"), HANG]]) as server, wired() as wire:
        asking = gevent.spawn(ask, wire, server.url)
        gevent.sleep(0.3)
        asking.kill()
        assert server.all_closed()
        assert [row["outcome"] for row in wire.rows()] == ["unfinished"]


REFUSED = [
    ("file:///etc/hostname", {}, "unsupported protocol scheme"),
    ("ftp://x/", {}, "unsupported protocol scheme"),
    ("http://", {}, "no Host"),
    ("http://127.0.0.1:99999/", {}, "invalid URL"),
    ("http://[::1/", {}, "invalid URL"),
    ("http://a b/", {}, "host name"),
    ("http://127.0.0.1/", {"Authorization": "Bearer a\r\nX: y"}, "invalid header field value"),
    ("http://127.0.0.1/", {"a b": "c"}, "invalid header field value"),
]


@pytest.mark.parametrize(("url", "headers", "detail"), REFUSED)
def test_what_cannot_be_sent_is_a_failure(url: str, headers: dict[str, str], detail: str) -> None:
    """A hostile realm or token ends one request, not the load."""
    with wired() as wire:
        failure = failed(wire, url, headers=headers)
        assert failure.failing is Failing.MALFORMED
        assert detail in failure.detail
        assert wire.rows()[0]["cause"] == Cause.SERVER


def test_odd_paths_are_quoted() -> None:
    """A redirect may hold anything."""
    with scripted([[ok()]]) as server, wired() as wire:
        answered(wire, f"{server.url}/a b/ü%20?q=\x01")
    assert server.asks[0].path == "/a%20b/%C3%BC%20?q=%01"


@settings(max_examples=60)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda parts: b"HTTP/1.1 " + b"".join(parts),
            st.lists(
                st.sampled_from(
                    [
                        b"200 OK",
                        b"\r\n",
                        b"Content-Length: 5",
                        b"Transfer-Encoding: chunked",
                        b"5",
                        b"0",
                        b"\r\n\r\n",
                        b"abc",
                        b"101 Switch",
                        b"Upgrade: x",
                        b"ffffffffffff",
                        b"Connection: close",
                        b":",
                        b" ",
                        b"\n",
                        b"\x00",
                        b"999999999999999999999",
                    ]
                ),
                max_size=12,
            ),
        ),
    )
)
def test_no_answer_breaks_the_wire(answer: bytes) -> None:
    """Whatever comes, it is a reply or a failure."""
    with scripted([[answer, FIN]]) as server, wired() as wire:
        assert isinstance(ask(wire, server.url, sink=DIGEST), Reply | TransportFailure)


@pytest.mark.parametrize("room_bytes", [0, 1000, len(CONTENT) - 1])
def test_a_disk_that_is_full_ends_the_reading(room_bytes: int) -> None:
    """What fitted is the content, the connection is not used again, and the row says why."""
    with scripted([[ok(CONTENT)]]) as server, wired() as wire:
        reply = answered(wire, server.url, sink=DIGEST, room_bytes=room_bytes)
        (row,) = wire.rows()
    assert (reply.ending, reply.content_bytes) == (Ending.NO_ROOM, room_bytes)
    assert reply.content_digest == digest_of(CONTENT[:room_bytes])
    assert (row["outcome"], row["cause"]) == ("failed", "quota")


def test_requests_that_were_led_astray_are_reported_and_marked() -> None:
    """Those below the wrong URL, before they have an answer; no others."""
    told: list[int] = []
    with scripted([[ok(b""), ok(b"")]]) as server, wired() as wire:
        wire.lead_astray(f"{server.url}/mirror", "mirror-1", lambda: told.append(len(wire.rows())))
        answered(wire, f"{server.url}/mirror/v2/app")
        answered(wire, f"{server.url}/mirrors")
        marks = [row["bitten_by"] for row in wire.rows()]
    assert (told, marks) == ([0], ["mirror-1", ""])


def test_nobodys_address_is_dialled_without_an_answer() -> None:
    """As long as a dial may take, and no packet leaves this machine."""
    with wired() as wire:
        failure = failed(wire, f"http://{NOBODY}:5000/v2/", dial_timeout_s=0.05)
    assert failure.failing is Failing.DIAL_TIMEOUT
    assert failure.detail == f"dial tcp {NOBODY}:5000: i/o timeout"
