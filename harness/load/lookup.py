"""Looks the registry's name up as Go's resolver does on a node: no cache, two tries of 5 s."""

import itertools
from dataclasses import dataclass
from typing import Final

import gevent
from dnslib import QTYPE, RCODE, DNSError, DNSRecord
from gevent import socket

from harness.node.commands import Failing, TransportFailure

# Go: net/dnsconfig_unix.go, defaults of resolv.conf
_TRY_S: Final = 5.0
_TRIES: Final = 2
_DATAGRAM_BYTES: Final = 65535

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class NameServer:
    """Where a node asks. Texts name port 53, which is what a node's resolv.conf means."""

    address: str
    port: int


def look_up(name: str, server: NameServer, *, timeout_s: float) -> str | TransportFailure:
    """The IPv4 address of `name`, or how a dial to it fails."""
    where = f"lookup {name} on {server.address}:53"
    answer: DNSRecord | str = ""
    try:
        with gevent.Timeout(timeout_s):
            for _ in range(_TRIES):
                answer = _ask(name, server)
                if isinstance(answer, DNSRecord):
                    return _read(answer, where)
    except gevent.Timeout:
        where, answer = f"lookup {name}", "i/o timeout"
    return TransportFailure(failing=Failing.DNS_TIMEOUT, detail=f"dial tcp: {where}: {answer}")


def _read(answer: DNSRecord, where: str) -> str | TransportFailure:
    """Go: net/dnsclient_unix.go, checkHeader and its errors."""
    if answer.header.rcode == RCODE.NOERROR:
        for record in answer.rr:
            if record.rtype == QTYPE.A:
                return str(record.rdata)
    if answer.header.rcode in (RCODE.NOERROR, RCODE.NXDOMAIN):
        failing, said = Failing.DNS_NOT_FOUND, "no such host"
    else:
        failing, said = Failing.DNS_MISBEHAVING, "server misbehaving"
    return TransportFailure(failing=failing, detail=f"dial tcp: {where}: {said}")


def _ask(name: str, server: NameServer) -> DNSRecord | str:
    """One try: A and AAAA at once; the answer for A, or Go's words for none."""
    questions = {kind: _question(name, kind) for kind in ("A", "AAAA")}
    wanted = {question.header.id for question in questions.values()}
    answers: dict[int, DNSRecord] = {}
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        udp.connect((server.address, server.port))
        own = "{}:{}".format(*udp.getsockname())
        with gevent.Timeout(_TRY_S, exception=False):
            for question in questions.values():
                udp.send(question.pack())
            while answers.keys() != wanted:
                _take(udp, wanted, answers)
    except OSError:
        return f"read udp {own}->{server.address}:53: read: connection refused"
    finally:
        udp.close()
    answer = answers.get(questions["A"].header.id)
    if answer is None or answers.keys() != wanted:
        return f"read udp {own}->{server.address}:53: i/o timeout"
    return _ask_by_tcp(questions["A"], server) if answer.header.tc else answer


def _question(name: str, kind: str) -> DNSRecord:
    question = DNSRecord.question(name, kind)
    question.header.id = next(_numbers) & 0xFFFF
    return question


def _take(udp: socket.socket, wanted: set[int], answers: dict[int, DNSRecord]) -> None:
    try:
        answer = DNSRecord.parse(udp.recv(_DATAGRAM_BYTES))
    except DNSError:
        return
    if answer.header.id in wanted:
        answers[answer.header.id] = answer


def _ask_by_tcp(question: DNSRecord, server: NameServer) -> DNSRecord | str:
    """The same question again, because the answer was too long for a datagram."""
    try:
        with gevent.Timeout(_TRY_S), socket.create_connection((server.address, server.port)) as tcp:
            packed = question.pack()
            tcp.sendall(len(packed).to_bytes(2, "big") + packed)
            with tcp.makefile("rb") as stream:
                size = int.from_bytes(stream.read(2), "big")
                return DNSRecord.parse(stream.read(size))
    except (OSError, DNSError, gevent.Timeout):
        return f"read tcp {server.address}:53: i/o timeout"
