"""What the name server says, message by message; no sockets and no clock."""

import pytest
from dnslib import EDNS0, DNSRecord
from hypothesis import given
from hypothesis import strategies as st

from harness.chance import Chance
from harness.resolver.answers import NameServer
from harness.resolver.dns_rules import Rule, Transport
from harness.resolver.zone import OtherNames, Zone
from harness.seams import DnsMode
from tests.dns_clients import NAME, addresses, code, question

TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")


def server(*, address: str = "127.0.0.1", others: OtherNames = "nxdomain") -> NameServer:
    return NameServer(zone=Zone(name=NAME, address=address, others=others))


def rule(mode: DnsMode, **settings: object) -> Rule:
    words: dict[str, object] = {
        "rule": mode.value,
        "mode": mode,
        "nodes": frozenset({"n1"}),
        "share": 1.0,
        "chance": Chance(1, "dns"),
        "deadline_s": 100.0,
    }
    return Rule(**{**words, **settings})  # type: ignore[arg-type]  # words of many types


def said(
    names: NameServer, query: bytes, transport: Transport = "udp", *, node: str = "n1"
) -> bytes:
    """The answer, when there is one."""
    answer = names.answer(query, node=node, transport=transport, now_s=0.0)
    assert answer.wire is not None
    return answer.wire


@pytest.mark.parametrize(
    ("name", "record_type", "expected_code", "expected"),
    [
        (NAME, "A", "NOERROR", ["127.0.0.1"]),
        ("REGISTRY.Harness.Test.", "A", "NOERROR", ["127.0.0.1"]),
        (NAME, "ANY", "NOERROR", ["127.0.0.1"]),
        (NAME, "AAAA", "NOERROR", []),
        (NAME, "MX", "NOERROR", []),
        (NAME, "TYPE65400", "NOERROR", []),
        (f"{NAME}.default.svc.cluster.local", "A", "NXDOMAIN", []),
        (f"x.{NAME}", "A", "NXDOMAIN", []),
        ("test", "A", "NXDOMAIN", []),
        (".", "A", "NXDOMAIN", []),
    ],
)
def test_the_truth(name: str, record_type: str, expected_code: str, expected: list[str]) -> None:
    """The registry's name has its address, whatever the case; other names do not exist."""
    answer = said(server(), question(name, record_type))
    assert (code(answer), addresses(answer)) == (expected_code, expected)


def test_an_ipv6_address_is_an_aaaa_record() -> None:
    """A registry on IPv6 has an AAAA record and no A record."""
    names = server(address="::1")
    assert addresses(said(names, question(record_type="AAAA"))) == ["::1"]
    assert addresses(said(names, question(record_type="A"))) == []


def test_other_names_can_be_refused() -> None:
    """As a server does that does not resolve for strangers."""
    assert code(said(server(others="refused"), question("example.test"))) == "REFUSED"


def test_an_answer_carries_what_was_asked_letter_by_letter() -> None:
    """Id and spelling come back, so that a client can tell an answer from a forgery."""
    answer = DNSRecord.parse(said(server(), question("rEGistry.hARNess.tEst", number=40001)))
    assert answer.header.id == 40001
    assert str(answer.q.qname) == "rEGistry.hARNess.tEst."
    assert answer.header.qr == 1
    assert answer.header.aa == 1


def test_what_is_not_there_may_not_be_remembered() -> None:
    """Absence comes with a start of authority of no lifetime, and addresses have none either."""
    absent = DNSRecord.parse(said(server(), question("gone.test")))
    present = DNSRecord.parse(said(server(), question()))
    assert absent.auth[0].ttl == 0
    assert absent.auth[0].rdata.times[-1] == 0
    assert present.rr[0].ttl == 0


def test_edns0_is_answered_only_when_asked() -> None:
    """An OPT record comes back for one, with our size; a newer version is refused as such."""
    plain = DNSRecord.parse(said(server(), question()))
    modern = DNSRecord.parse(said(server(), question(edns_bytes=4096)))
    assert plain.ar == []
    assert modern.ar[0].edns_len == 1232
    newer = DNSRecord.question(NAME)
    newer.add_ar(EDNS0(udp_len=1232, version=1))
    refused = DNSRecord.parse(said(server(), bytes(newer.pack())))
    assert refused.ar[0].edns_rcode << 4 | refused.header.rcode == 16
    assert refused.rr == []


def test_an_answer_without_room_is_truncated_over_udp_only() -> None:
    """512 bytes without EDNS0; two of the longest names need more."""
    ours, theirs = (".".join([letter * 62] * 4) for letter in "xy")
    names = NameServer(zone=Zone(name=ours, address="127.0.0.1", others="nxdomain"))
    cut = DNSRecord.parse(said(names, question(theirs)))
    whole = DNSRecord.parse(said(names, question(theirs), "tcp"))
    roomy = DNSRecord.parse(said(names, question(theirs, edns_bytes=1232)))
    assert (cut.header.tc, cut.auth) == (1, [])
    assert (whole.header.tc, len(whole.auth)) == (0, 1)
    assert (roomy.header.tc, len(roomy.auth)) == (0, 1)


@pytest.mark.parametrize(
    ("mode", "transport", "expected_code", "expected", "truncated"),
    [
        (DnsMode.NXDOMAIN, "udp", "NXDOMAIN", [], 0),
        (DnsMode.SERVFAIL, "tcp", "SERVFAIL", [], 0),
        (DnsMode.REFUSED, "udp", "REFUSED", [], 0),
        (DnsMode.WRONG_ADDRESS, "tcp", "NOERROR", ["192.0.2.1"], 0),
        (DnsMode.TRUNCATED, "udp", "NOERROR", [], 1),
    ],
)
def test_a_rule_bends_the_answer_and_counts(
    mode: DnsMode, transport: Transport, expected_code: str, expected: list[str], truncated: int
) -> None:
    """Each mode says its lie, in answer to the same id and question, and counts one bite."""
    names = server()
    names.rules.add(rule(mode, address="192.0.2.1"))
    answer = said(names, question(number=77), transport)
    assert (code(answer), addresses(answer)) == (expected_code, expected)
    assert DNSRecord.parse(answer).header.tc == truncated
    assert DNSRecord.parse(answer).header.id == 77
    assert names.rules.bites() == {mode.value: 1}


def test_silence_is_no_answer_at_all() -> None:
    """The mode timeout sends nothing, and that is a bite."""
    names = server()
    names.rules.add(rule(DnsMode.TIMEOUT))
    assert names.answer(question(), node="n1", transport="udp", now_s=0.0).wire is None
    assert names.rules.bites() == {"timeout": 1}


def test_delays_add_up_before_the_truth_or_a_lie() -> None:
    """Two delays and a lie: one late lie, three bites."""
    names = server()
    names.rules.add(rule(DnsMode.DELAY, rule="slow", delay_ms=200))
    names.rules.add(rule(DnsMode.SERVFAIL))
    names.rules.add(rule(DnsMode.DELAY, rule="slower", delay_ms=300))
    answer = names.answer(question(), node="n1", transport="udp", now_s=0.0)
    assert answer.wait_s == pytest.approx(0.5)
    assert answer.wire is not None
    assert code(answer.wire) == "SERVFAIL"
    assert names.rules.bites() == {"slow": 1, "servfail": 1, "slower": 1}


def test_of_two_lies_the_older_one_is_reported_and_counted() -> None:
    """A rule that comes second changes nothing, so it has not bitten."""
    names = server()
    names.rules.add(rule(DnsMode.NXDOMAIN))
    names.rules.add(rule(DnsMode.SERVFAIL))
    assert code(said(names, question())) == "NXDOMAIN"
    assert names.rules.bites() == {"nxdomain": 1, "servfail": 0}


def test_what_was_not_changed_is_no_bite() -> None:
    """A wrong IPv4 address changes no AAAA answer; truncation changes nothing over TCP."""
    names = server()
    names.rules.add(rule(DnsMode.WRONG_ADDRESS, address="192.0.2.1"))
    names.rules.add(rule(DnsMode.TRUNCATED))
    assert addresses(said(names, question(record_type="AAAA"), "tcp")) == []
    assert names.rules.bites() == {"wrong_address": 0, "truncated": 0}


def test_a_rule_keeps_to_its_nodes_and_to_the_name() -> None:
    """Other nodes hear the truth, and so does who asks for another name."""
    names = server()
    names.rules.add(rule(DnsMode.SERVFAIL))
    assert code(said(names, question(), node="n2")) == "NOERROR"
    assert code(said(names, question("other.test"))) == "NXDOMAIN"
    assert code(said(names, question())) == "SERVFAIL"
    assert names.rules.bites() == {"servfail": 1}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"", None),
        (question()[:11], None),
        (said(server(), question()), None),  # an answer, not a query
        (question()[:12], "FORMERR"),  # promises a question
        (question()[:-1], "FORMERR"),
        (question()[:4] + b"\xff\xff" + question()[6:], "FORMERR"),  # 65,535 questions
        (question()[:12] + b"\xc0\x0c\0\1\0\1", "FORMERR"),  # a name that points at itself
        (question()[:10] + b"\0\2" + question()[12:] + b"\0\0\x29\4\0\0\0\0\0\0\0" * 2, "FORMERR"),
        (question()[:12] + (b"\x3f" + b"x" * 63) * 5 + question()[-5:], "FORMERR"),  # 320 letters
        (question()[:2] + b"\x28" + question()[3:], "NOTIMP"),  # an update
        (question()[:-2] + b"\0\3", "REFUSED"),  # of the class CHAOS
    ],
    ids=range(11),  # queries have random numbers, and every worker must know a test by one name
)
def test_what_is_no_query_for_us(wire: bytes, expected: str | None, transport: Transport) -> None:
    """Answers and fragments are passed over; the malformed and the unknown get their code."""
    answer = server().answer(wire, node="n1", transport=transport, now_s=0.0)
    assert (None if answer.wire is None else code(answer.wire)) == expected
    if answer.wire is not None:
        assert answer.wire[:2] == wire[:2]


@given(wire=st.binary(max_size=300), transport=st.sampled_from(TRANSPORTS))
def test_no_bytes_make_it_fail(wire: bytes, transport: Transport) -> None:
    """Whatever comes, there is silence or an answer with the same id, no longer than allowed."""
    answer = server().answer(wire, node="n1", transport=transport, now_s=0.0)
    if answer.wire is not None:
        assert answer.wire[:2] == wire[:2]
        assert answer.wire[2] & 0x80


@given(
    changes=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 255)), max_size=6),
    extra=st.binary(max_size=40),
    records=st.integers(0, 5),
)
def test_no_damaged_query_makes_it_fail(
    changes: list[tuple[int, int]], extra: bytes, records: int
) -> None:
    """A real query with changed bytes and promised records reaches deeper into the parser."""
    wire = bytearray(question(edns_bytes=1400) + extra)
    wire[11] = records
    for place, byte in changes:
        if place < len(wire):
            wire[place] = byte
    answer = server().answer(bytes(wire), node="n1", transport="udp", now_s=0.0)
    if answer.wire is not None:
        assert len(answer.wire) <= 1232


def test_a_chain_of_pointers_is_malformed_and_no_more() -> None:
    """A name of 1,500 pointers, each to the one before, ends neither parser nor service."""
    head = b"\0" + b"\0\x0a\0\1\0\0\0\0"  # a NULL record of the root, whose data is the chain
    start = len(question()) + len(head) + 2
    places = [start, *range(start + 2, start + 3000, 2)]
    chain = b"\0\0" + b"".join((0xC000 | place).to_bytes(2, "big") for place in places)
    first = head + len(chain).to_bytes(2, "big") + chain
    last = (0xC000 | places[-1]).to_bytes(2, "big") + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    wire = question()[:10] + b"\0\2" + question()[12:] + first + last
    answer = server().answer(wire, node="n1", transport="tcp", now_s=0.0)
    assert answer.wire is not None
    assert code(answer.wire) == "FORMERR"
