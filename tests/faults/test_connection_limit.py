"""A limit of connections is a rule of the gateway."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.connection_limit import ConnectionLimit
from harness.seams import ConnectionLimit as Limit
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "act"),
    [
        ({"limit": 2}, Limit(limit=2, per="node", answer="reset")),
        ({"limit": 0, "per": "all", "answer": "503"}, Limit(limit=0, per="all", answer="503")),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], act: Limit) -> None:
    """For every kind of request that a pull or a push makes."""
    seam, verb, acts, named = seam_call(ConnectionLimit.model_validate(settings))
    assert (seam, verb, acts) == ("gateway", "rule", (act,))
    assert named == {"kinds": ConnectionLimit.request_kinds}


@pytest.mark.parametrize("settings", [{}, {"limit": -1}, {"limit": 1, "answer": 503}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """No limit, fewer than none, and answers that are not among its words."""
    with pytest.raises(ValidationError):
        ConnectionLimit.model_validate(settings)
