"""expired_certificate: its settings reach the handshakes."""

from harness.faults.expired_certificate import ExpiredCertificate
from harness.seams import Certificate
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """Of every handshake in scope, or of a share."""
    fault = ExpiredCertificate.model_validate({"ago": "2h", "share": "50%"})
    assert seam_call(fault) == (
        "tls",
        "certificate",
        (Certificate(expired_s=7200),),
        {"share": 0.5},
    )


def test_it_has_run_out_an_hour_ago_unless_told_otherwise() -> None:
    assert seam_call(ExpiredCertificate())[2] == (Certificate(expired_s=3600),)
