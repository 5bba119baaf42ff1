"""Tags that are not there."""

from harness.faults.missing_tag import MissingTag
from harness.seams import RequestKind, Respond
from tests.stand_ins import seam_call


def test_on_the_wire_only_requests_by_tag_are_answered() -> None:
    """What the tag named is found by its digest."""
    seam, verb, (act,), named = seam_call(MissingTag.model_validate({}))
    assert (seam, verb, named["by"]) == ("gateway", "rule", "tag")
    assert named["kinds"] == (RequestKind.MANIFEST,)
    assert isinstance(act, Respond)
    assert (act.status, '"MANIFEST_UNKNOWN"' in act.body) == (404, True)


def test_at_rest_tags_are_removed() -> None:
    """A share of them."""
    fault = MissingTag.model_validate({"on": "rest", "share": 0.5})
    assert seam_call(fault) == ("store", "untagged", (), {"share": 0.5})
