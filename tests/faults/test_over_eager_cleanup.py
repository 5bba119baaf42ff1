"""Retention that takes too much."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.over_eager_cleanup import OverEagerCleanup
from tests.stand_ins import seam_call


def test_what_stays_and_how_deep_it_goes_reach_the_store() -> None:
    """There must be one version more than stays."""
    fault = OverEagerCleanup.model_validate({"keep": 2, "deletes": "tags"})
    assert seam_call(fault) == ("store", "cleaned", (), {"keep": 2, "of": "tags"})
    assert fault.versions_needed() == 3


@pytest.mark.parametrize("settings", [{"keep": 0}, {"keep": "1"}, {"deletes": "all"}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """Who keeps nothing has no registry."""
    with pytest.raises(ValidationError):
        OverEagerCleanup.model_validate(settings)
