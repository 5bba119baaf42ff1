"""Certificates that a node refuses: Go's order and Go's words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from harness.node.causes import classify
from harness.node.certificates import ServerCertificate, refusal
from harness.recording.outcome import Cause

NOW = datetime(2026, 3, 1, 12, 0, 5, 700_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOOD = ServerCertificate(
    not_before=NOW - HOUR,
    not_after=NOW + HOUR,
    names=("registry.test", "*.cdn.test"),
    addresses=("127.0.0.1", "::1"),
    trusted=True,
)
EXPIRED = replace(GOOD, not_after=NOW - HOUR)
STRANGER = replace(GOOD, trusted=False)
X509 = "tls: failed to verify certificate: x509: "
DATES = f"{X509}certificate has expired or is not yet valid: current time 2026-03-01T12:00:05Z is"


@pytest.mark.parametrize(
    ("certificate", "host", "said"),
    [
        (GOOD, "registry.test", ""),
        (GOOD, "Registry.Test", ""),
        (GOOD, "127.0.0.1", ""),
        (GOOD, "0:0:0:0:0:0:0:1", ""),
        (GOOD, "a.cdn.test", ""),
        (
            GOOD,
            "cdn.test",
            f"{X509}certificate is valid for registry.test, *.cdn.test, not cdn.test",
        ),
        (
            GOOD,
            "a.b.cdn.test",
            f"{X509}certificate is valid for registry.test, *.cdn.test, not a.b.cdn.test",
        ),
        (GOOD, "10.0.0.1", f"{X509}certificate is valid for 127.0.0.1, ::1, not 10.0.0.1"),
        (
            replace(GOOD, addresses=()),
            "10.0.0.1",
            (
                f"{X509}cannot validate certificate for 10.0.0.1 because it doesn't contain any "
                "IP SANs"
            ),
        ),
        (
            replace(GOOD, names=()),
            "registry.test",
            f"{X509}certificate is not valid for any names, but wanted to match registry.test",
        ),
        (EXPIRED, "registry.test", f"{DATES} after 2026-03-01T11:00:05Z"),
        (
            replace(GOOD, not_before=NOW + HOUR),
            "registry.test",
            f"{DATES} before 2026-03-01T13:00:05Z",
        ),
        (STRANGER, "registry.test", f"{X509}certificate signed by unknown authority"),
        # a certificate that is wrong in every way is told by its dates, then by its name
        (replace(EXPIRED, trusted=False), "other.test", f"{DATES} after 2026-03-01T11:00:05Z"),
        (
            STRANGER,
            "other.test",
            f"{X509}certificate is valid for registry.test, *.cdn.test, not other.test",
        ),
    ],
)
def test_what_a_node_says_of_a_certificate(
    certificate: ServerCertificate, host: str, said: str
) -> None:
    assert refusal(certificate, host, NOW) == said
    assert classify(said) is (Cause.TLS if said else Cause.NONE)
