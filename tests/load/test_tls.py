"""TLS of a node on real sockets: what it says of bad handshakes, and answers that come whole."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.gateway.handshakes import server_context
from harness.load import tls
from harness.load.tls import trust_in
from harness.node.commands import Ending, Failing, Reply, TransportFailure
from harness.oci.digest import digest_of
from harness.seams import Certificate
from tests.load_wires import Wire, request, wired
from tests.scripted_server import ok, promised
from tests.tls_lab import authority, good

CONTENT = bytes(range(256)) * 20_000  # many records, and half a one at the end
DIGEST = digest_of(CONTENT)
X509 = "tls: failed to verify certificate: x509: "

Serving = Callable[[socket.socket], None]


@contextlib.contextmanager
def served(*connections: Serving) -> Iterator[int]:
    """A port where each connection that comes is served by the next of these."""

    def serve() -> None:
        for serving in connections:
            with contextlib.suppress(OSError):
                sock, _ = listener.accept()
                with sock, contextlib.suppress(OSError):
                    sock.settimeout(20)
                    serving(sock)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(25)
    assert not thread.is_alive()


def speaking(*answers: bytes, pem: str = "", farewell: bool = True) -> Serving:
    """TLS, and an answer to each request in turn."""

    def serve(sock: socket.socket) -> None:
        with server_context(pem or good()).wrap_socket(sock, server_side=True) as secure:
            for answer in answers:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += (more := secure.recv(4096))
                    if not more:
                        return
                secure.sendall(answer)
            if farewell:
                secure.unwrap()

    return serve


def saying(answer: bytes) -> Serving:
    """Something else than TLS."""

    def serve(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(4096)

    return serve


def until_it_goes(sock: socket.socket) -> None:
    """Take what comes and say nothing."""
    while sock.recv(4096):
        pass


def ask(wire: Wire, port: int, **fields: Any) -> Reply | TransportFailure:
    url = f"https://127.0.0.1:{port}/v2/app/blobs/x"
    return wire.perform(request(url, **fields), pull="p1")


def test_answers_come_whole_over_one_connection() -> None:
    """A small one, a blob of many records that is hashed, and a small one again."""
    with (
        served(speaking(ok(b"hello"), ok(CONTENT), ok(b"again"))) as port,
        wired(ca_pem=authority().ca_pem) as wire,
    ):
        first, blob, last = ask(wire, port), ask(wire, port, sink=DIGEST), ask(wire, port)
        wire.close()
    assert isinstance(first, Reply)
    assert isinstance(blob, Reply)
    assert isinstance(last, Reply)
    assert (first.body, last.body) == (b"hello", b"again")
    assert (blob.content_digest, blob.ending) == (DIGEST, Ending.WHOLE)


@pytest.mark.parametrize("farewell", [True, False])
def test_a_body_that_is_cut_is_cut_with_and_without_a_farewell(farewell: bool) -> None:  # noqa: FBT001  a table
    half = promised(9, b"12345")
    with (
        served(speaking(half, farewell=farewell)) as port,
        wired(ca_pem=authority().ca_pem) as wire,
    ):
        reply = ask(wire, port)
        wire.close()
    assert isinstance(reply, Reply)
    assert (reply.ending, reply.detail) == (Ending.CUT, "unexpected EOF")
    assert reply.body == b"12345"


@pytest.mark.parametrize(
    ("serving", "failing", "said"),
    [
        (
            speaking(pem=authority().certificate(Certificate(name="other.test"))),
            Failing.TLS_CERTIFICATE,
            (
                f"{X509}cannot validate certificate for 127.0.0.1 because it doesn't contain any "
                "IP SANs"
            ),
        ),
        (
            speaking(pem=authority().certificate(Certificate(unknown_authority=True))),
            Failing.TLS_CERTIFICATE,
            f"{X509}certificate signed by unknown authority",
        ),
        (
            saying(ok(b"hello")),
            Failing.TLS_PROTOCOL,
            "http: server gave HTTP response to HTTPS client",
        ),
        (
            saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
            Failing.TLS_PROTOCOL,
            "tls: first record does not look like a TLS handshake",
        ),
        (saying(b""), Failing.EOF, "EOF"),
        (
            saying(b"\x15\x03\x03\x00\x02\x02\x28"),
            Failing.TLS_PROTOCOL,
            "remote error: tls: handshake failure",
        ),
    ],
    ids=["name", "authority", "http", "not tls", "eof", "alert"],
)
def test_a_handshake_that_fails_reads_as_in_go(
    serving: Serving, failing: Failing, said: str
) -> None:
    """And is not tried again by the wire: that is a rule's affair."""
    with served(serving) as port, wired(ca_pem=authority().ca_pem) as wire:
        outcome = ask(wire, port)
    assert outcome == TransportFailure(failing=failing, detail=said)


def test_an_expired_certificate_tells_both_times() -> None:
    pem = authority().certificate(Certificate(expired_s=3600))
    with served(speaking(pem=pem)) as port, wired(ca_pem=authority().ca_pem) as wire:
        outcome = ask(wire, port)
    assert isinstance(outcome, TransportFailure)
    assert outcome.failing is Failing.TLS_CERTIFICATE
    assert outcome.detail.startswith(f"{X509}certificate has expired or is not yet valid: current")


def test_a_handshake_has_ten_seconds_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the request allows for connecting and for headers."""
    assert tls.HANDSHAKE_TIMEOUT_S == 10
    monkeypatch.setattr(tls, "HANDSHAKE_TIMEOUT_S", 0.2)
    with served(until_it_goes) as port, wired(ca_pem=authority().ca_pem) as wire:
        reply, dial_s = wire.perform_timed(request(f"https://127.0.0.1:{port}/"), pull="p1")
    detail = "net/http: TLS handshake timeout"
    assert reply == TransportFailure(failing=Failing.TLS_TIMEOUT, detail=detail)
    assert dial_s >= 0.2


def test_without_an_authority_nobody_is_trusted() -> None:
    """As after a redirect from plain HTTP: nodes know this run's authority only."""
    with served(speaking()) as port, wired() as wire:
        outcome = ask(wire, port)
    assert isinstance(outcome, TransportFailure)
    assert outcome.detail == f"{X509}certificate signed by unknown authority"


def test_a_kept_connection_that_was_closed_is_not_used_again() -> None:
    """Its end is seen before the next request goes out."""
    with (
        served(speaking(ok(b"1")), speaking(ok(b"2"))) as port,
        wired(ca_pem=authority().ca_pem) as wire,
    ):
        bodies = [ask(wire, port), ask(wire, port)]
        wire.close()
    assert [it.body for it in bodies if isinstance(it, Reply)] == [b"1", b"2"]


def test_what_is_sent_arrives_whole() -> None:
    """An upload of many records."""
    came = bytearray()

    def taking(sock: socket.socket) -> None:
        with server_context(good()).wrap_socket(sock, server_side=True) as secure:
            while len(came) < len(CONTENT):
                came.extend(secure.recv(1 << 16).rpartition(b"\r\n\r\n")[2])
            secure.sendall(ok(status="201 Created"))
            with contextlib.suppress(ssl.SSLError):
                secure.unwrap()

    with served(taking) as port, wired(ca_pem=authority().ca_pem) as wire:
        reply = ask(wire, port, method="PUT", body=CONTENT)
        wire.close()
    assert isinstance(reply, Reply)
    assert reply.status == 201
    assert bytes(came) == CONTENT


def test_one_trust_is_shared_and_reads_each_certificate_once() -> None:
    """A handshake with a known certificate costs no signature check here."""
    der = ssl.PEM_cert_to_DER_cert("-----BEGIN CERT" + good().partition("-----BEGIN CERT")[2])
    trust = trust_in(authority().ca_pem)
    assert trust is trust_in(authority().ca_pem)
    assert trust.read(der) is trust.read(der)
    assert trust.read(der).trusted
