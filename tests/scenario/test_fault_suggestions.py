"""A name that no fault has is answered with the one that is meant."""

import pytest

from harness.scenario.fault_suggestions import fault_meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("latncy", "latency"),
        ("token_service_outage", "token_service_down"),
        ("corrupt_layer", "corrupted_blob"),
        ("cert_expired", "expired_certificate"),
        ("rate_limit", "pull_rate_limit"),
        ("disk_full", "node_disk_full"),
        ("dns_outage", "dns_timeout"),
        ("network_partition", "partition"),
        ("registry_down", "registry_crash"),
        ("bad_password", "wrong_credentials"),
        ("packet_loss", "connection_reset"),
        ("503_errors", "server_errors"),
        ("deleted_tag", "missing_tag"),
        ("mirror_down", "dead_mirror"),
        ("untrusted_ca", "unknown_authority"),
        ("slow_dns", "dns_delay"),
        ("slow_network", "latency"),
        ("unauthorized", "wrong_credentials"),
        ("wrong_arch", "wrong_platform"),
        ("broken_layer", "corrupted_blob"),
        ("timeout", "connection_timeout"),
        ("fro", "for"),
        ("xyzzy", None),
    ],
)
def test_what_is_meant_is_found(word: str, meant: str | None) -> None:
    """By letters when they nearly agree, else by what the faults say of themselves."""
    assert fault_meant(word, also=("at", "for", "where")) == meant
