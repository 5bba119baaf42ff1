"""Looks names up as Go's resolver does on a node: no cache, A and AAAA at once, two tries of 5 s.

Go 1.24: net/dnsclient_unix.go. Texts name the server that was queried, with its real port.
"""

import ipaddress
import re
import struct
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import gevent
from dnslib import EDNS0, QTYPE, RCODE, DNSError, DNSRecord
from gevent import socket

from harness.node.commands import Failing, TransportFailure

# Go: net/dnsconfig_unix.go, defaults of resolv.conf
TRY_S: Final = 5.0
TRIES: Final = 2
_EDNS_BYTES: Final = 1232  # the same package, maxDNSPacketSize
_DATAGRAM_BYTES: Final = 65535
KINDS: Final = ("A", "AAAA")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NAME_CHARACTERS_MAX: Final = 253

Addresses = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NameServer:
    """Where a node asks."""

    address: str
    port: int

    def __str__(self) -> str:
        return joined(self.address, self.port)


class AskAgain(Exception):  # noqa: N818  Go goes on to the next try
    """A try that brought no answer to go by; `text` is Go's."""

    def __init__(self, failing: Failing, text: str) -> None:
        super().__init__(text)
        self.failing, self.text = failing, text


def joined(address: str, port: int) -> str:
    """Go's net.JoinHostPort."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@lru_cache(maxsize=256)
def is_address(host: str) -> bool:
    """Whether `host` is an address literal, which nobody looks up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def look_up(name: str, server: NameServer, *, timeout_s: float) -> Addresses | TransportFailure:
    """The addresses of `name`, IPv4 first, or how a dial to it fails.

    As in Go both kinds are waited for, one of them is enough, and the failure reported is that of
    the first. `timeout_s` is the dial's own limit: past it, the text names no server.
    """
    if not is_name(name):
        return failed_look_up(Failing.DNS_NOT_FOUND, f"lookup {name}: no such host")
    asked = [gevent.spawn(_ask, name, kind, server) for kind in KINDS]
    try:
        gevent.joinall(asked, timeout=timeout_s)
        if not all(one.ready() for one in asked):
            return failed_look_up(Failing.DNS_TIMEOUT, f"lookup {name}: i/o timeout")
        answers: list[Addresses | TransportFailure] = [one.get() for one in asked]
    finally:
        gevent.killall(asked)
    addresses = [place for answer in answers if isinstance(answer, tuple) for place in answer]
    failures = [answer for answer in answers if isinstance(answer, TransportFailure)]
    return tuple(addresses) if addresses else failures[0]


def is_name(name: str) -> bool:
    labels = name.removesuffix(".").split(".")
    return len(name) <= _NAME_CHARACTERS_MAX and all(_LABEL.fullmatch(label) for label in labels)


def failed_look_up(failing: Failing, text: str) -> TransportFailure:
    return TransportFailure(failing=failing, detail=f"dial tcp: {text}")


def _ask(name: str, kind: str, server: NameServer) -> Addresses | TransportFailure:
    """One kind of record, as often as it takes (tryOneName)."""
    failing, text = Failing.DNS_NOT_FOUND, "no such host"
    for _ in range(TRIES):
        try:
            found = read_answer(_exchange(name, kind, server), kind)
        except AskAgain as again:
            failing, text = again.failing, again.text
            continue
        if found:
            return found
        failing, text = Failing.DNS_NOT_FOUND, "no such host"
        break
    return failed_look_up(failing, f"lookup {name} on {server}: {text}")


def read_answer(answer: DNSRecord, kind: str) -> Addresses:
    """The records; none when the name or the kind does not exist (checkHeader, skipToAnswer)."""
    header = answer.header
    if header.rcode == RCODE.NXDOMAIN:
        return ()
    if header.rcode != RCODE.NOERROR:
        raise AskAgain(Failing.DNS_MISBEHAVING, "server misbehaving")
    if not answer.rr and not header.aa and not header.ra:
        raise AskAgain(Failing.DNS_MISBEHAVING, "lame referral")
    wanted = getattr(QTYPE, kind)
    return tuple(str(record.rdata) for record in answer.rr if record.rtype == wanted)


def question_for(name: str, kind: str) -> DNSRecord:
    """What Go asks."""
    question = DNSRecord.question(name, kind)
    question.add_ar(EDNS0(udp_len=_EDNS_BYTES))
    return question


def _exchange(name: str, kind: str, server: NameServer) -> DNSRecord:
    """One try: by UDP, and by TCP when the answer did not fit. Raises AskAgain."""
    question = question_for(name, kind)
    answer = _by_udp(question, server)
    return _by_tcp(question, server) if answer.header.tc else answer


def _by_udp(question: DNSRecord, server: NameServer) -> DNSRecord:
    until_s = time.monotonic() + TRY_S
    with socket.socket(_family(server), socket.SOCK_DGRAM) as udp:
        own = ""
        try:
            udp.connect((server.address, server.port))
            own = joined(*udp.getsockname()[:2])
            udp.send(question.pack())
            while True:  # what answers another question is passed over
                udp.settimeout(max(0.001, until_s - time.monotonic()))
                answer = message_in(udp.recv(_DATAGRAM_BYTES))
                if answer is not None and _answers(answer, question):
                    return answer
        except TimeoutError:
            raise AskAgain(Failing.DNS_TIMEOUT, f"read udp {own}->{server}: i/o timeout") from None
        except OSError as error:
            raise AskAgain(
                Failing.DNS_MISBEHAVING, f"read udp {own}->{server}: read: {reason(error)}"
            ) from None


def _by_tcp(question: DNSRecord, server: NameServer) -> DNSRecord:
    until_s = time.monotonic() + TRY_S
    packed = question.pack()
    doing = f"dial tcp {server}: "
    with socket.socket(_family(server), socket.SOCK_STREAM) as tcp:
        try:
            tcp.settimeout(TRY_S)
            tcp.connect((server.address, server.port))
            doing = f"read tcp {joined(*tcp.getsockname()[:2])}->{server}: "
            tcp.sendall(struct.pack("!H", len(packed)) + packed)
            (size,) = struct.unpack("!H", _exactly(tcp, 2, until_s))
            answer = message_in(_exactly(tcp, size, until_s))
        except TimeoutError:
            raise AskAgain(Failing.DNS_TIMEOUT, f"{doing}i/o timeout") from None
        except EOFError:
            raise AskAgain(Failing.DNS_MISBEHAVING, f"{doing}EOF") from None
        except OSError as error:
            raise AskAgain(Failing.DNS_MISBEHAVING, doing + reason(error)) from None
    if answer is None or not _answers(answer, question):
        raise AskAgain(Failing.DNS_MISBEHAVING, "server misbehaving")
    return answer


def _exactly(tcp: socket.socket, count: int, until_s: float) -> bytes:
    received = b""
    while len(received) < count:
        tcp.settimeout(max(0.001, until_s - time.monotonic()))
        part = tcp.recv(count - len(received))
        if not part:
            raise EOFError
        received += part
    return received


def message_in(message: bytes) -> DNSRecord | None:
    """A message, or None for what is none: anybody can send a datagram."""
    try:
        return DNSRecord.parse(message)
    except (DNSError, ValueError, IndexError, struct.error):
        return None


def _answers(answer: DNSRecord, question: DNSRecord) -> bool:
    if answer.header.id != question.header.id or not answer.header.qr:
        return False
    return bool(answer.questions) and (
        answer.q.qtype == question.q.qtype
        and str(answer.q.qname).lower() == str(question.q.qname).lower()
    )


def _family(server: NameServer) -> int:
    return int(socket.AF_INET6 if ":" in server.address else socket.AF_INET)


def reason(error: OSError) -> str:
    """Go's text of an error number: `connection refused`, `no route to host`."""
    return (error.strerror or str(error) or type(error).__name__).lower()
