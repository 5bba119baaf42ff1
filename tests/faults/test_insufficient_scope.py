"""A token that is too narrow is refused for what it lacks."""

from harness.faults.insufficient_scope import InsufficientScope
from harness.seams import RefuseToken, RequestKind
from tests.stand_ins import seam_call


def test_only_requests_with_a_token_are_refused() -> None:
    """The challenge before it is left alone, so that a node does fetch a token first."""
    assert seam_call(InsufficientScope.model_validate({"share": "50%"})) == (
        "gateway",
        "rule",
        (RefuseToken(error="insufficient_scope"),),
        {
            "kinds": (RequestKind.MANIFEST, RequestKind.BLOB),
            "share": 0.5,
            "authenticated": True,
        },
    )
