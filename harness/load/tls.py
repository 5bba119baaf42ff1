"""TLS as a node speaks it, over a gevent socket: its time limit, its checks, Go's wording.

OpenSSL verifies nothing here: it does not show a certificate that it refused, and Go's texts tell
what is in it. The rules of `harness.node.certificates` decide, before the last message of the
handshake goes out.
"""

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

from gevent import socket

from harness.load.lookup import reason
from harness.node.certificates import ServerCertificate, refusal
from harness.node.commands import Failing, TransportFailure

HANDSHAKE_TIMEOUT_S: Final = 10.0  # containerd: core/remotes/docker/registry.go
_RAW_BYTES: Final = 256 << 10
_HTTP: Final = b"HTTP/"  # Go: net/http/transport.go, RecordHeaderError
_NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")

_ENDED: Final = (ssl.SSLZeroReturnError, ssl.SSLEOFError)  # with a farewell, and without
_T = TypeVar("_T")

# One for the whole process: what a read put there is taken before another greenlet can run.
_RAW: Final = memoryview(bytearray(_RAW_BYTES))


class HandshakeFailedError(Exception):
    """No connection: `failure` says why."""

    def __init__(self, failing: Failing, detail: str) -> None:
        super().__init__(detail)
        self.failure = TransportFailure(failing=failing, detail=detail)


class Trust:
    """The one authority whose certificates count; with none, all are refused."""

    def __init__(self, ca_pem: str) -> None:
        self._ca_pem = ca_pem
        self.read = lru_cache(maxsize=256)(self._read)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE  # see above
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])

    def _read(self, der: bytes) -> ServerCertificate:
        # a tenth of a second, for environments with TLS only
        from cryptography import x509  # noqa: PLC0415
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

        leaf = x509.load_der_x509_certificate(der)
        try:
            found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            found = x509.SubjectAlternativeName([])
        trusted = bool(self._ca_pem)
        if trusted:
            authority = x509.load_pem_x509_certificate(self._ca_pem.encode())
            try:
                leaf.verify_directly_issued_by(authority)
            except (InvalidSignature, ValueError, TypeError):
                trusted = False
        return ServerCertificate(
            not_before=leaf.not_valid_before_utc,
            not_after=leaf.not_valid_after_utc,
            names=tuple(found.get_values_for_type(x509.DNSName)),
            addresses=tuple(str(it) for it in found.get_values_for_type(x509.IPAddress)),
            trusted=trusted,
        )


@lru_cache(maxsize=8)
def trust_in(ca_pem: str) -> Trust:
    """The trust in one authority, shared by all connections of the process."""
    return Trust(ca_pem)


def certificate_in(pem: str, ca_pem: str) -> ServerCertificate:
    """The first certificate in `pem`, as a node reads it that trusts `ca_pem`."""
    begins, ends = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    leaf = pem[pem.index(begins) : pem.index(ends) + len(ends)]
    return trust_in(ca_pem).read(ssl.PEM_cert_to_DER_cert(leaf))


class TlsSocket:
    """What `PullConnection` and `Reading` ask of a socket, over TLS."""

    def __init__(self, sock: socket.socket, trust: Trust, host: str) -> None:
        self._socket = sock
        self._trust = trust
        self._host = host
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trust.context.wrap_bio(self._in, self._out, server_hostname=host)
        self._timeout_s: float | None = None
        self._first = b""

    def handshake(self, ends: str) -> None:
        """Raises HandshakeFailedError; `ends` are the two addresses of the connection."""
        try:
            self.settimeout(HANDSHAKE_TIMEOUT_S)
            self._until(self._tls.do_handshake)
        except TimeoutError:
            text = "net/http: TLS handshake timeout"
            raise HandshakeFailedError(Failing.TLS_TIMEOUT, text) from None
        except _ENDED:
            raise HandshakeFailedError(Failing.EOF, "EOF") from None
        except ssl.SSLError as error:
            raise HandshakeFailedError(Failing.TLS_PROTOCOL, self._wording(error)) from None
        except OSError as error:
            text = f"read tcp {ends}: read: {reason(error)}"
            raise HandshakeFailedError(Failing.RESET, text) from None
        der = self._tls.getpeercert(binary_form=True) or b""
        if why := refusal(self._trust.read(der), self._host, datetime.now(UTC)):
            raise HandshakeFailedError(Failing.TLS_CERTIFICATE, why)

    def _wording(self, error: ssl.SSLError) -> str:
        if self._first.startswith(_HTTP):
            return "http: server gave HTTP response to HTTPS client"
        if error.reason in _NOT_TLS:
            return "tls: first record does not look like a TLS handshake"
        said = str(error.reason).lower().replace("_", " ")
        _, alert, what = said.partition("alert ")
        return f"remote error: tls: {what}" if alert else f"tls: {said}"

    def settimeout(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self._socket.settimeout(timeout_s)

    def close(self) -> None:
        self._socket.close()

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view) :]
        self._flush()

    def recv(self, count: int, flags: int = 0) -> bytes:
        """`flags`: MSG_PEEK only, which tells whether anything came while nothing was asked."""
        if flags and (self._in.pending or self._tls.pending()):
            return b"?"
        if flags:
            return bytes(self._socket.recv(1, flags))
        try:
            return self._until(lambda: self._tls.read(count))
        except _ENDED:
            return b""

    def recv_into(self, view: memoryview) -> int:
        """All that can be had at once: a record has 16 KiB only."""
        try:
            count = self._until(lambda: self._read_into(view))
        except _ENDED:
            return 0
        while count < len(view) and (self._in.pending or self._tls.pending()):
            try:
                count += self._read_into(view[count:])
            except (ssl.SSLWantReadError, *_ENDED):  # half a record, or the end: comes again
                break
        return count

    def _read_into(self, view: memoryview) -> int:
        count: Any = self._tls.read(len(view), view)  # with a buffer it is no bytes
        return int(count)

    def _until(self, ask: Callable[[], _T]) -> _T:
        """What `ask` has when enough has come in. Raises TimeoutError after the time limit."""
        until_s = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        while True:
            try:
                return ask()
            except ssl.SSLWantReadError:
                self._flush()
            if until_s is not None:
                self._socket.settimeout(max(0.001, until_s - time.monotonic()))
            count = self._socket.recv_into(_RAW)
            if count:
                self._first = self._first or bytes(_RAW[: len(_HTTP)])
                self._in.write(_RAW[:count])
            else:
                self._in.write_eof()

    def _flush(self) -> None:
        if self._out.pending:
            self._socket.sendall(self._out.read())
