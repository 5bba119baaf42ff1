"""One request as often as containerd sends it: what is transient, and who gets credentials."""

import pytest

from harness.node.commands import Credentials, Failing, TransportFailure
from harness.node.exchange import is_deadline, is_transient
from harness.recording.outcome import Outcome
from tests.pulls import URL, USER, ScriptedRegistry, Status, run_pull

SHORT = "dial tcp: lookup h on 10.0.0.1:53: read udp 10.0.0.2:9->10.0.0.1:53: i/o timeout"


@pytest.mark.parametrize(
    ("failing", "detail", "again", "deadline"),
    [
        (Failing.EOF, "EOF", True, False),
        (Failing.TLS_TIMEOUT, "net/http: TLS handshake timeout", True, False),
        (Failing.DNS_TIMEOUT, SHORT, True, False),
        (Failing.DNS_TIMEOUT, "dial tcp: lookup h: i/o timeout", False, True),
        (Failing.DIAL_TIMEOUT, "dial tcp 10.0.0.1:443: i/o timeout", False, True),
        (Failing.HEADER_TIMEOUT, "net/http: timeout awaiting response headers", False, True),
        (Failing.DIAL_REFUSED, "connect: connection refused", False, False),
        (Failing.RESET, "read: connection reset by peer", False, False),
        (Failing.DNS_NOT_FOUND, "no such host", False, False),
        (Failing.DNS_MISBEHAVING, "server misbehaving", False, False),
        (Failing.TLS_CERTIFICATE, "x509: expired", False, False),
        (Failing.NO_PROGRESS, "", False, False),
    ],
)
def test_transport_failures(failing: Failing, detail: str, *, again: bool, deadline: bool) -> None:
    """EOF and time-outs are tried again, unless Go calls them a deadline."""
    failure = TransportFailure(failing=failing, detail=detail)
    assert is_transient(failure) is again
    assert is_deadline(failure) is deadline


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("http://storage.harness.test:6000/blob", False),
        ("http://harness.test/blob", False),
        ("http://evilregistry.harness.test/blob", False),
        ("http://cdn.registry.harness.test/blob", True),
        ("http://registry.harness.test:6000/blob", True),
    ],
)
def test_who_gets_the_token_after_a_redirect(target: str, *, kept: bool) -> None:
    """The same host, whatever its port, and hosts below it; nobody else."""
    registry = ScriptedRegistry(auth="bearer")
    registry.script["layer0"] = [Status(307, {"location": target})]
    registry.script["other"] = [Status(404)]
    run_pull(registry, credentials=USER)
    assert registry.requests[-1].url == target
    assert ("Authorization" in registry.requests[-1].headers) is kept


def test_a_redirect_may_be_relative() -> None:
    """It is read from where it was said."""
    registry = ScriptedRegistry()
    registry.script["layer0"] = [Status(307, {"location": "/elsewhere"})]
    run_pull(registry)
    assert registry.requests[-1].url == f"{URL}/elsewhere"


def test_a_user_without_a_name_gives_a_refresh_token() -> None:
    """As containerd does with an identity token."""
    registry = ScriptedRegistry(auth="bearer")
    secret = Credentials(username="", password="refresh-me")
    assert run_pull(registry, credentials=secret).result.outcome is Outcome.OK
    form = registry.requests[1].form
    assert form is not None
    assert form["grant_type"] == "refresh_token"
    assert form["refresh_token"] == "refresh-me"
    assert "refresh-me" not in repr(secret)
