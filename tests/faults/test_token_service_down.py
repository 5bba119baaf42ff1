"""Tokens are refused, or their service cannot be reached."""

from harness.faults.token_service_down import TokenServiceDown
from harness.seams import MisdirectToken, RequestKind, Respond
from tests.stand_ins import seam_call


def test_unavailable_answers_token_requests() -> None:
    """With 503 and the body that the specification gives for it."""
    seam, verb, (act,), named = seam_call(TokenServiceDown.model_validate({"share": 0.5}))
    assert (seam, verb, named) == ("gateway", "rule", {"kinds": (RequestKind.TOKEN,), "share": 0.5})
    assert isinstance(act, Respond)
    assert (act.status, '"UNAVAILABLE"' in act.body) == (503, True)


def test_refused_sends_nodes_to_a_closed_port() -> None:
    """By the challenges, which any request but one for a token may meet."""
    *_, (act,), named = seam_call(TokenServiceDown.model_validate({"how": "refused"}))
    assert act == MisdirectToken(port=1)
    assert RequestKind.MANIFEST in named["kinds"]
    assert RequestKind.TOKEN not in named["kinds"]
