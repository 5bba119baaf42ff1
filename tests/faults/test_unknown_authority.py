"""unknown_authority: its settings reach the handshakes."""

from harness.faults.unknown_authority import UnknownAuthority
from harness.seams import Certificate
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """Of every handshake in scope, or of a share."""
    fault = UnknownAuthority.model_validate({"share": "50%"})
    assert seam_call(fault) == (
        "tls",
        "certificate",
        (Certificate(unknown_authority=True),),
        {"share": 0.5},
    )
