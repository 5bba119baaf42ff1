"""tls_timeout: its settings reach the handshakes."""

from harness.faults.tls_timeout import TlsTimeout
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """Of every handshake in scope, or of a share."""
    fault = TlsTimeout.model_validate({"share": "50%"})
    assert seam_call(fault) == ("tls", "held", (), {"drops": False, "share": 0.5})
    fault = TlsTimeout.model_validate({"then": "dropped"})
    assert seam_call(fault) == ("tls", "held", (), {"drops": True, "share": 1.0})
