"""A registry with rules for names."""

from harness.faults.invalid_name import InvalidName
from harness.seams import RequestKind, Respond
from tests.stand_ins import seam_call


def test_all_that_is_asked_of_a_repository_is_refused() -> None:
    """Pushes, too."""
    seam, verb, (act,), named = seam_call(InvalidName.model_validate({"share": 0.5}))
    assert (seam, verb, named["share"]) == ("gateway", "rule", 0.5)
    assert isinstance(act, Respond)
    assert (act.status, '"NAME_INVALID"' in act.body) == (400, True)
    assert {RequestKind.MANIFEST, RequestKind.BLOB, RequestKind.UPLOAD} <= set(named["kinds"])
