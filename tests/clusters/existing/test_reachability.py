"""What the failing of a pull tells of the way to the registry."""

import pytest

from harness.clusters.existing.reachability import why_not

REGISTRY = "192.0.2.7:5000"
PULL = f'failed to pull and unpack image "{REGISTRY}/harness-probe:none": failed to resolve image: '


@pytest.mark.parametrize(
    "message",
    [
        f"{PULL}{REGISTRY}/harness-probe:none: not found",
        f"{PULL}unexpected status from HEAD request to http://{REGISTRY}/v2/: 403 Forbidden",
        f"{PULL}unexpected status from HEAD request to http://{REGISTRY}/: 429 Too Many Requests",
        "",
    ],
)
def test_a_registry_that_answered_is_reached(message: str) -> None:
    """Whatever it said."""
    assert why_not(message, REGISTRY) == ""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            f"{PULL}http: server gave HTTP response to HTTPS client",
            f'certs.d/{REGISTRY}/hosts.toml with server = "http://{REGISTRY}"',
        ),
        (f"{PULL}tls: x509: certificate signed by unknown authority", f"does not trust {REGISTRY}"),
        (f"{PULL}dial tcp {REGISTRY}: i/o timeout", f"cannot pull from {REGISTRY}: failed to"),
        (f"{PULL}dial tcp {REGISTRY}: connect: connection refused", f"cannot pull from {REGISTRY}"),
        ("an answer that nobody knows", f"cannot pull from {REGISTRY}: an answer"),
    ],
)
def test_what_is_missing_is_said(message: str, said: str) -> None:
    """With the file that fixes it, where one does."""
    assert said in why_not(message, REGISTRY)
