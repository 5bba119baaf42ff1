"""Repositories that are not there, or said not to be."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.missing_repository import MissingRepository
from harness.seams import RefuseToken, RequestKind, Respond
from tests.stand_ins import seam_call


def test_on_the_wire_it_is_not_found_or_denied() -> None:
    """Denied as Docker Hub does it: only who carries a token is told."""
    *_, (act,), named = seam_call(MissingRepository.model_validate({}))
    assert isinstance(act, Respond)
    assert (act.status, '"NAME_UNKNOWN"' in act.body) == (404, True)
    assert RequestKind.UPLOAD in named["kinds"]
    *_, (act,), named = seam_call(MissingRepository.model_validate({"answer": "denied"}))
    assert (act, named["authenticated"]) == (RefuseToken(error="insufficient_scope"), True)


def test_at_rest_it_is_gone() -> None:
    """With all that it has."""
    fault = MissingRepository.model_validate({"on": "rest"})
    assert seam_call(fault) == ("store", "renamed", (), {"suffix": None})


@pytest.mark.parametrize("settings", [{"answer": "denied"}, {"share": 0.5}])
def test_what_is_gone_takes_no_answer_and_no_share(settings: dict[str, Any]) -> None:
    """They would change nothing."""
    with pytest.raises(ValidationError, match="on rest: takes no"):
        MissingRepository.model_validate({"on": "rest", **settings})
