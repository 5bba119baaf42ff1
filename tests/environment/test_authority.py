"""The authority of a run: certificates that OpenSSL takes or refuses for the reason asked for."""

import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest

from harness.environment.authority import CA_FILE, Authority, new_authority
from harness.environment.canary import trusting
from harness.gateway.handshakes import server_context
from harness.seams import Certificate

NAME = "registry.harness.test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("run"), ("127.0.0.1", "172.18.0.1"))


def shaken(pem: str, ca_pem: str, host: str) -> str:
    """What OpenSSL's client says of a server with this certificate; "" when it accepts it."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        context = server_context(pem)
        with (
            contextlib.suppress(OSError),  # the client hung up
            theirs,
            context.wrap_socket(theirs, server_side=True) as connection,
        ):
            connection.recv(1)

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with trusting(ca_pem).wrap_socket(ours, server_hostname=host):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        ours.close()
        serving.join(10)


@pytest.mark.parametrize("host", [NAME, "localhost", "127.0.0.1", "172.18.0.1"])
def test_a_good_certificate_holds_for_all_names_of_the_registry(
    authority: Authority, host: str
) -> None:
    assert shaken(authority.certificate(), authority.ca_pem, host) == ""


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Certificate(expired_s=60), "certificate has expired"),
        (Certificate(name="other.test"), "Hostname mismatch"),
        (Certificate(unknown_authority=True), "unable to get local issuer certificate"),
    ],
)
def test_a_wrong_one_is_wrong_in_one_way(
    authority: Authority, wanted: Certificate, said: str
) -> None:
    assert said in shaken(authority.certificate(wanted), authority.ca_pem, NAME)


def test_nobody_trusts_the_authority_of_another_run(authority: Authority, tmp_path: Path) -> None:
    """Each run has a new one in its folder, and nobody trusts anybody without."""
    other = new_authority(tmp_path, ())
    assert (tmp_path / CA_FILE).read_text() == other.ca_pem
    assert "local issuer" in shaken(authority.certificate(), other.ca_pem, NAME)
    assert "local issuer" in shaken(authority.certificate(), "", NAME)


def test_no_key_is_shown_by_accident(authority: Authority) -> None:
    """Not in a traceback or a log line of what holds them."""
    assert "PRIVATE" not in repr(authority)
    assert "PRIVATE" in authority.certificate()
    assert "PRIVATE" not in authority.ca_pem
