"""Tokens are judged by another clock."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults._answers import CHALLENGED
from harness.faults.clock_skew import ClockSkew
from harness.seams import SkewClock
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "act"),
    [
        ({"by": "10m"}, SkewClock(ahead_s=-600.0, leeway_s=60.0)),
        (
            {"by": "2m", "registry": "ahead", "leeway": "0s"},
            SkewClock(ahead_s=120.0, leeway_s=0.0),
        ),
    ],
)
def test_the_clock_is_ahead_or_behind(settings: dict[str, Any], act: SkewClock) -> None:
    """What a registry forgives is distribution's minute unless another is given."""
    assert seam_call(ClockSkew.model_validate(settings)) == (
        "gateway",
        "rule",
        (act,),
        {"kinds": CHALLENGED, "share": 1.0, "authenticated": True},
    )


@pytest.mark.parametrize("settings", [{}, {"by": "0s"}, {"by": "1m", "registry": "left"}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """Clocks that agree are no fault."""
    with pytest.raises(ValidationError):
        ClockSkew.model_validate(settings)
