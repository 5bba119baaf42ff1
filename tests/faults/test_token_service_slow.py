"""Tokens come late."""

from harness.faults.token_service_slow import TokenServiceSlow
from harness.seams import Delay, RequestKind
from tests.stand_ins import seam_call


def test_its_delay_reaches_token_requests_only() -> None:
    """In seconds."""
    assert seam_call(TokenServiceSlow.model_validate({"delay": "200ms", "share": 0.5})) == (
        "gateway",
        "rule",
        (Delay(first_byte_s=0.2),),
        {"kinds": (RequestKind.TOKEN,), "share": 0.5},
    )
