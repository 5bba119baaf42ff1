"""A token that has run out in the middle of a pull, or the secret itself."""

from typing import Any

import pytest

from harness.faults.expired_credentials import ExpiredCredentials
from harness.seams import RefuseToken, RequestKind, Respond
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"mode": "token"}, "invalid_token"), ({"mode": "token", "error": "none"}, None)],
)
def test_an_expired_token_is_refused_at_the_layers(
    settings: dict[str, Any], error: str | None
) -> None:
    """Only requests that carry one are bitten, so that the challenge before it is not."""
    assert seam_call(ExpiredCredentials.model_validate(settings)) == (
        "gateway",
        "rule",
        (RefuseToken(error=error),),
        {"kinds": (RequestKind.BLOB,), "share": 1.0, "authenticated": True},
    )


def test_an_expired_secret_is_refused_by_the_token_service() -> None:
    """With a body that the specification gives for it; layers cannot be chosen."""
    fault = ExpiredCredentials.model_validate({"share": 0.5})
    seam, verb, (act,), named = seam_call(fault)
    assert (seam, verb, named) == ("gateway", "rule", {"kinds": (RequestKind.TOKEN,), "share": 0.5})
    assert isinstance(act, Respond)
    assert act.status == 401
    assert '"UNAUTHORIZED"' in act.body
    assert fault.where_allowed() == {"repository", "nodes", "first"}


def test_without_a_token_service_the_registry_itself_refuses() -> None:
    """ECR: 403 and no challenge, to whoever shows a password."""
    fault = ExpiredCredentials().in_words_of("ecr")
    _, _, (act,), named = seam_call(fault)
    assert named["authenticated"] is True
    assert RequestKind.MANIFEST in named["kinds"]
    assert isinstance(act, Respond)
    assert (act.status, "www-authenticate" in dict(act.headers)) == (403, False)
    assert "Reauthenticate and try again." in act.body
    (other,) = seam_call(ExpiredCredentials().in_words_of("ghcr"))[2]
    assert isinstance(other, Respond)
    assert (other.status, '"denied"' in other.body) == (403, True)
