"""tls_timeout: its settings reach the handshakes."""

from harness.faults.tls_timeout import TlsTimeout
from tests.stand_ins import asked_by


def test_its_settings_are_the_seams_words() -> None:
    """Of every handshake in scope, or of a share."""
    fault = TlsTimeout.model_validate({"share": "50%"})
    assert asked_by(fault) == ("tls", "held", (), {"share": 0.5})
