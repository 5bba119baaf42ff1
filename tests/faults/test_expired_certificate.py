"""expired_certificate: its settings reach the handshakes."""

from harness.faults.expired_certificate import ExpiredCertificate
from harness.seams import Certificate
from tests.stand_ins import asked_by


def test_its_settings_are_the_seams_words() -> None:
    """Of every handshake in scope, or of a share."""
    fault = ExpiredCertificate.model_validate({"ago": "2h", "share": "50%"})
    assert asked_by(fault) == ("tls", "certificate", (Certificate(expired_s=7200),), {"share": 0.5})


def test_it_has_run_out_an_hour_ago_unless_told_otherwise() -> None:
    assert asked_by(ExpiredCertificate())[2] == (Certificate(expired_s=3600),)
