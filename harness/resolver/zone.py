"""The truth about one name, as DNS messages: what is answered when nothing goes wrong."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, Literal

from dnslib import (
    AAAA,
    CLASS,
    EDNS0,
    OPCODE,
    QTYPE,
    RCODE,
    RR,
    SOA,
    A,
    DNSError,
    DNSHeader,
    DNSQuestion,
    DNSRecord,
)
from dnslib.buffer import BufferError as DnsBufferError
from dnslib.dns import DNSBuffer

from harness.resolver.dns_rules import Transport

HEADER_BYTES: Final = 12  # RFC 1035 section 4.1.1
UDP_BYTES: Final = 512  # RFC 1035 section 4.2.1: without EDNS0
EDNS_UDP_BYTES: Final = 1232  # what one IPv6 packet holds: DNS flag day 2020
TCP_BYTES: Final = 65535  # RFC 1035 section 4.2.2
QUERY_BYTES: Final = 4096  # no honest query is longer
_NAME_LETTERS: Final = 253  # RFC 1035 section 3.1: 255 bytes with lengths and the root
_ADDITIONAL_RECORDS: Final = 4  # OPT, and TSIG or SIG(0) at most
_BADVERS: Final = 16  # RFC 6891 section 6.1.3
# A cache between node and resolver must not carry an answer over the beginning or end of a fault.
_TTL_S: Final = 0

OtherNames = Literal["nxdomain", "refused"]


class MalformedQueryError(Exception):
    """Not a query. `header`: it has one, so that FORMERR can be answered."""

    def __init__(self, *, header: bool) -> None:
        super().__init__("malformed query")
        self.header = header


@dataclass(frozen=True, kw_only=True)
class Query:
    """One question. `name` is lower case without the last dot; `edns_bytes` None: no EDNS0."""

    header: Any
    question: Any
    name: str
    record_type: str
    edns_bytes: int | None
    edns_version: int
    dnssec_ok: bool

    def room_bytes(self, transport: Transport) -> int:
        """How long an answer may be."""
        if transport == "tcp":
            return TCP_BYTES
        return min(max(self.edns_bytes or UDP_BYTES, UDP_BYTES), EDNS_UDP_BYTES)


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One name and its address (IPv4 or IPv6), and what is said of all other names."""

    name: str
    address: str
    others: OtherNames

    def owns(self, query: Query) -> bool:
        return query.name == self.name.lower().rstrip(".")


def parse_query(wire: bytes) -> Query:
    """The query in `wire`. Raises MalformedQueryError; nothing else, whatever the bytes are."""
    if len(wire) < HEADER_BYTES:
        raise MalformedQueryError(header=False)
    try:
        buffer = DNSBuffer(wire[:QUERY_BYTES])
        header = DNSHeader.parse(buffer)
        if header.qr:  # an answer: to answer it could go on for ever
            raise MalformedQueryError(header=False)
        if header.opcode != OPCODE.QUERY:
            return _query(header, None, None)
        if header.q != 1 or header.a or header.auth or header.ar > _ADDITIONAL_RECORDS:
            raise MalformedQueryError(header=True)
        question = DNSQuestion.parse(buffer)
        if len(question.qname) > _NAME_LETTERS:  # dnslib reads it but could not write it back
            raise MalformedQueryError(header=True)
        additional = [RR.parse(buffer) for _ in range(header.ar)]
    except (DNSError, DnsBufferError, RecursionError, ValueError) as error:
        raise MalformedQueryError(header=True) from error
    options = [record for record in additional if record.rtype == QTYPE.OPT]
    if len(options) > 1:  # RFC 6891 section 6.1.1
        raise MalformedQueryError(header=True)
    return _query(header, question, options[0] if options else None)


def _query(header: Any, question: Any, option: Any) -> Query:
    return Query(
        header=header,
        question=question,
        name="" if question is None else str(question.qname).lower().rstrip("."),
        record_type="" if question is None else str(QTYPE.get(question.qtype)),
        edns_bytes=None if option is None else int(option.edns_len),
        edns_version=0 if option is None else int(option.edns_ver),
        dnssec_ok=option is not None and bool(option.edns_do),
    )


def form_error(wire: bytes) -> bytes:
    """FORMERR for a message of which only the header could be read."""
    header = DNSHeader.parse(DNSBuffer(wire[:HEADER_BYTES]))
    answer = DNSHeader(id=header.id, bitmap=0, qr=1, opcode=header.opcode, rcode=RCODE.FORMERR)
    answer.rd = header.rd
    return bytes(DNSRecord(answer).pack())


def true_answer(zone: Zone, query: Query) -> DNSRecord:
    """What a healthy server says to `query`."""
    if query.question is None:
        return coded_answer(zone, query, "NOTIMP")
    if query.edns_version > 0:
        return _empty(query, "NOERROR", extended_code=_BADVERS >> 4)
    if query.question.qclass not in (CLASS.IN, CLASS.forward.get("ANY", 255), 255):
        return coded_answer(zone, query, "REFUSED")
    if not zone.owns(query):
        return coded_answer(zone, query, zone.others.upper())
    return address_answer(zone, query, zone.address)


def address_answer(zone: Zone, query: Query, address: str) -> DNSRecord:
    """`address` when its type was asked for; else no records and no error."""
    answer = _empty(query, "NOERROR")
    answer.header.aa = 1
    version = ip_address(address).version
    wanted = "A" if version == 4 else "AAAA"  # noqa: PLR2004  IPv4
    if query.record_type in (wanted, "ANY"):
        data = A(address) if wanted == "A" else AAAA(address)
        code = getattr(QTYPE, wanted)
        answer.add_answer(RR(query.question.qname, code, CLASS.IN, _TTL_S, data))
    else:
        answer.add_auth(_authority(zone))
    return answer


def coded_answer(zone: Zone, query: Query, code: str) -> DNSRecord:
    """An answer without records: NXDOMAIN, SERVFAIL, REFUSED, NOTIMP."""
    answer = _empty(query, code)
    if code == "NXDOMAIN":
        answer.header.aa = 1
        answer.add_auth(_authority(zone))
    return answer


def truncated_answer(query: Query) -> DNSRecord:
    """An answer that says only: ask again over TCP."""
    answer = _empty(query, "NOERROR")
    answer.header.aa = 1
    answer.header.tc = 1
    return answer


def pack(query: Query, answer: DNSRecord, transport: Transport) -> bytes:
    """`answer` as bytes; cut to a truncated one when it has not the room."""
    wire = bytes(answer.pack())
    if len(wire) <= query.room_bytes(transport):
        return wire
    return bytes(truncated_answer(query).pack())


def _empty(query: Query, code: str, *, extended_code: int = 0) -> DNSRecord:
    """Id, question (letter by letter) and EDNS0 as they were asked."""
    header = DNSHeader(
        id=query.header.id,
        bitmap=0,
        qr=1,
        opcode=query.header.opcode,
        rd=query.header.rd,
        rcode=getattr(RCODE, code),
    )
    answer = DNSRecord(header, q=query.question)
    if query.edns_bytes is not None:
        flags = "do" if query.dnssec_ok else ""
        answer.add_ar(EDNS0(udp_len=EDNS_UDP_BYTES, ext_rcode=extended_code, flags=flags))
    return answer


def _authority(zone: Zone) -> RR:
    """Start of authority, which tells caches to forget that there was nothing (RFC 2308)."""
    times = (1, 3600, 600, 86400, _TTL_S)  # serial, refresh, retry, expire, minimum
    data = SOA(mname=zone.name, rname=".", times=times)
    return RR(zone.name, QTYPE.SOA, CLASS.IN, _TTL_S, data)
