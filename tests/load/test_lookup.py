"""Look-ups against a name server that is a script, and what a dial makes of them."""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import gevent
import pytest
from dnslib import AAAA, QTYPE, RCODE, RR, A, DNSRecord

from harness.load import lookup
from harness.load.dial import dial
from harness.load.lookup import Addresses, NameServer, is_address, joined, look_up
from harness.node.commands import Failing, TransportFailure
from harness.node.exchange import is_deadline, is_transient
from tests.load_wires import NAME, request, wired
from tests.scripted_server import free_port, ok, scripted

Answering = Callable[[DNSRecord, str], bytes | None]


def reply(query: DNSRecord, *addresses: str, code: str = "NOERROR", **header: int) -> bytes:
    answer = query.reply()
    answer.header.rcode = getattr(RCODE, code)
    for name, value in header.items():
        setattr(answer.header, name, value)
    for address in addresses:
        data, kind = (AAAA(address), QTYPE.AAAA) if ":" in address else (A(address), QTYPE.A)
        answer.add_answer(RR(query.q.qname, kind, rdata=data))
    return bytes(answer.pack())


def kind_of(query: DNSRecord) -> str:
    return str(QTYPE[query.q.qtype])


def truth(query: DNSRecord, _: str) -> bytes:
    return reply(query, *(["127.0.0.1"] if kind_of(query) == "A" else []))


@dataclass
class NameServerThread:
    answering: Answering
    port: int = 0
    asked: list[str] = field(default_factory=list)

    def serve_udp(self, udp: socket.socket) -> None:
        while (received := udp.recvfrom(4096))[0]:
            if (answer := self._answer(received[0], "udp")) is not None:
                udp.sendto(answer, received[1])

    def serve_tcp(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = listener.accept()
                with link, link.makefile("rb") as stream:
                    (size,) = struct.unpack("!H", stream.read(2))
                    answer = self._answer(stream.read(size), "tcp")
                    if answer is not None:
                        link.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, message: bytes, transport: str) -> bytes | None:
        query = DNSRecord.parse(message)
        self.asked.append(f"{kind_of(query)} {transport}")
        return self.answering(query, transport)


@contextlib.contextmanager
def answering(script: Answering) -> Iterator[NameServerThread]:
    server = NameServerThread(script)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        server.port = listener.getsockname()[1]
        udp.bind(("127.0.0.1", server.port))
        threads = [
            threading.Thread(target=server.serve_udp, args=(udp,)),
            threading.Thread(target=server.serve_tcp, args=(listener,)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", server.port))
            for thread in threads:
                thread.join(10)


@pytest.fixture
def _short_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "TRY_S", 0.3)


def found(server: NameServerThread, *, timeout_s: float = 20) -> Addresses | TransportFailure:
    with gevent.Timeout(30):
        return look_up(NAME, NameServer(address="127.0.0.1", port=server.port), timeout_s=timeout_s)


def detail(server: NameServerThread, said: str) -> str:
    return f"dial tcp: lookup {NAME} on 127.0.0.1:{server.port}: {said}"


def test_both_kinds_are_asked_at_once_and_joined() -> None:
    """IPv4 comes first."""

    def both(query: DNSRecord, _: str) -> bytes:
        return reply(query, "10.0.0.1" if kind_of(query) == "A" else "fd00::1")

    with answering(both) as server:
        assert found(server) == ("10.0.0.1", "fd00::1")
        assert sorted(server.asked) == ["A udp", "AAAA udp"]


def test_one_kind_is_enough() -> None:
    """No AAAA record is no failure, and neither is a server that stumbles over AAAA."""

    def stumbling(query: DNSRecord, transport: str) -> bytes:
        if kind_of(query) == "AAAA":
            return reply(query, code="SERVFAIL")
        return truth(query, transport)

    for script in (truth, stumbling):
        with answering(script) as server:
            assert found(server) == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("code", "failing", "said", "asked"),
    [
        ("NXDOMAIN", Failing.DNS_NOT_FOUND, "no such host", 2),
        ("NOERROR", Failing.DNS_NOT_FOUND, "no such host", 2),
        ("SERVFAIL", Failing.DNS_MISBEHAVING, "server misbehaving", 4),
        ("REFUSED", Failing.DNS_MISBEHAVING, "server misbehaving", 4),
    ],
)
def test_codes_become_gos_words(code: str, failing: Failing, said: str, asked: int) -> None:
    """What does not exist is not asked again; the rest is, once."""
    with answering(lambda query, _: reply(query, code=code)) as server:
        failure = found(server)
        assert failure == TransportFailure(failing=failing, detail=detail(server, said))
        assert len(server.asked) == asked
    assert isinstance(failure, TransportFailure)
    assert not is_transient(failure)


def test_an_answer_by_nobody_in_charge_is_a_lame_referral() -> None:
    """Neither authoritative nor recursive, and without a record."""
    with answering(lambda query, _: reply(query, aa=0, ra=0)) as server:
        failure = found(server)
        assert failure == TransportFailure(
            failing=Failing.DNS_MISBEHAVING, detail=detail(server, "lame referral")
        )


@pytest.mark.usefixtures("_short_tries")
def test_silence_is_asked_twice_and_times_out() -> None:
    """Go's text names both ends; containerd tries such a request again."""
    with answering(lambda *_: None) as server:
        failure = found(server)
        assert len(server.asked) == 4
        assert isinstance(failure, TransportFailure)
        assert failure.failing is Failing.DNS_TIMEOUT
        pattern = re.escape(detail(server, "read udp ")) + r"127\.0\.0\.1:\d+->\S+: i/o timeout"
        assert re.fullmatch(pattern, failure.detail)
    assert is_transient(failure)


def test_the_dials_own_limit_names_no_server() -> None:
    """Then it is a deadline, which containerd does not try again."""
    with answering(lambda *_: None) as server:
        failure = found(server, timeout_s=0.3)
    assert failure == TransportFailure(
        failing=Failing.DNS_TIMEOUT, detail=f"dial tcp: lookup {NAME}: i/o timeout"
    )
    assert isinstance(failure, TransportFailure)
    assert is_deadline(failure)


def test_a_lost_answer_is_made_good_by_the_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a share of the answers is dropped."""
    monkeypatch.setattr(lookup, "TRY_S", 0.3)
    seen: set[str] = set()

    def forgetful(query: DNSRecord, transport: str) -> bytes | None:
        first = kind_of(query) not in seen
        seen.add(kind_of(query))
        return None if first else truth(query, transport)

    with answering(forgetful) as server:
        assert found(server) == ("127.0.0.1",)


def test_a_truncated_answer_is_requested_by_tcp() -> None:
    """There is the truth."""

    def short(query: DNSRecord, transport: str) -> bytes:
        return reply(query, tc=1) if transport == "udp" else truth(query, transport)

    with answering(short) as server:
        assert found(server) == ("127.0.0.1",)
        assert sorted(server.asked) == ["A tcp", "A udp", "AAAA tcp", "AAAA udp"]


def test_a_tcp_that_says_nothing_is_misbehaviour() -> None:
    """The connection ends without an answer."""
    with answering(lambda query, by: reply(query, tc=1) if by == "udp" else None) as server:
        failure = found(server)
    assert isinstance(failure, TransportFailure)
    assert failure.failing is Failing.DNS_MISBEHAVING
    assert failure.detail.endswith(": EOF")


def test_strangers_answers_are_passed_over() -> None:
    """Another number, another question, no answer at all, no DNS at all: the true one counts."""
    lies: list[Callable[[DNSRecord], bytes]] = [
        lambda query: reply(query, "6.6.6.6", id=(query.header.id + 1) % 65536),
        lambda query: reply(DNSRecord.question("other.test", kind_of(query)), "6.6.6.6"),
        lambda query: bytes(query.pack()),
        lambda _: b"\xff" * 11,
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))

        def serve() -> None:
            for _ in range(2):
                message, who = udp.recvfrom(4096)
                query = DNSRecord.parse(message)
                for lie in lies:
                    udp.sendto(lie(query), who)
                udp.sendto(truth(query, "udp"), who)

        thread = threading.Thread(target=serve)
        thread.start()
        server = NameServer(address="127.0.0.1", port=udp.getsockname()[1])
        assert look_up(NAME, server, timeout_s=20) == ("127.0.0.1",)
        thread.join(10)


def test_a_closed_port_refuses() -> None:
    """The kernel says so."""
    server = NameServer(address="127.0.0.1", port=free_port())
    failure = look_up(NAME, server, timeout_s=20)
    assert isinstance(failure, TransportFailure)
    assert failure.failing is Failing.DNS_MISBEHAVING
    assert failure.detail.endswith(f"->{server}: read: connection refused")


@pytest.mark.parametrize("name", ["a" * 64, "a..b", "a b", "-a", "é.test", "x." * 200])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    """A redirect may hold anything."""
    failure = look_up(name, NameServer(address="127.0.0.1", port=1), timeout_s=20)
    assert failure == TransportFailure(
        failing=Failing.DNS_NOT_FOUND, detail=f"dial tcp: lookup {name}: no such host"
    )


def test_the_registrys_name_is_looked_up_for_every_new_connection() -> None:
    """No cache, one row for each; a kept connection needs none."""
    with (
        answering(truth) as names,
        scripted([[ok(b"x")]]) as server,
        wired(link_port=server.port, resolver_port=names.port) as wire,
    ):
        for client in ("resolver", "fetcher", "fetcher"):
            wire.perform(request(wire.registry_url, client=client), pull="p1")
        rows = wire.rows()
    assert [row["kind"] for row in rows] == ["dns", "blob", "dns", "blob", "blob"]
    assert [row["outcome"] for row in rows] == ["ok"] * 5
    assert server.asks[0].headers["host"] == f"{NAME}:{server.port}"


def test_a_failed_look_up_is_two_rows_with_one_cause() -> None:
    """The look-up's and the request's."""
    with (
        answering(lambda query, _: reply(query, code="NXDOMAIN")) as names,
        wired(resolver_port=names.port) as wire,
    ):
        failure = wire.perform(request(wire.registry_url), pull="p1")
        rows = wire.rows()
    assert isinstance(failure, TransportFailure)
    assert [(row["kind"], row["cause"]) for row in rows] == [("dns", "dns"), ("blob", "dns")]


def test_the_next_address_is_tried() -> None:
    """The failure told is the first address's."""
    with scripted([[ok(b"x")]]) as server:
        connection = dial(
            "two.test",
            server.port,
            timeout_s=10,
            look_up=lambda *_: ("127.0.0.9", "127.0.0.1"),
        )
        assert not isinstance(connection, TransportFailure)
        connection.close()
    port = free_port()
    failure = dial("two.test", port, timeout_s=10, look_up=lambda *_: ("127.0.0.9", "::1"))
    assert isinstance(failure, TransportFailure)
    assert failure.detail == f"dial tcp 127.0.0.9:{port}: connect: connection refused"


def test_addresses_are_known_and_joined_as_go_does() -> None:
    """Brackets around IPv6."""
    assert [is_address(it) for it in ("127.0.0.1", "::1", "a.test", "1.2.3")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert joined("::1", 53) == "[::1]:53"
