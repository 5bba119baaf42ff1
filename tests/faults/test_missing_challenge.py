"""No challenge: 401 without the header that says how to log in."""

from harness.faults.missing_challenge import MissingChallenge
from harness.seams import RequestKind, Respond
from tests.stand_ins import seam_call


def test_the_answer_names_no_way_to_log_in() -> None:
    """Not even for who has a token: the registry is not asked."""
    seam, verb, (act,), settings = seam_call(MissingChallenge.model_validate({"share": "50%"}))
    assert (seam, verb) == ("gateway", "rule")
    assert isinstance(act, Respond)
    assert act.status == 401
    assert not act.behind_login
    assert [name for name, _ in act.headers] == ["Content-Type"]
    assert settings["share"] == 0.5
    assert RequestKind.TOKEN not in settings["kinds"]
