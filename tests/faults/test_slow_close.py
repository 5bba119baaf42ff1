"""A late close is a toxic in whole milliseconds."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.slow_close import SlowClose
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"delay": "2s"}, (("slow_close", {"delay": 2000}), {"share": 1.0})),
        ({"delay": "1ms", "share": 0.5}, (("slow_close", {"delay": 1}), {"share": 0.5})),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """Toxiproxy counts in milliseconds."""
    asked = seam_call(SlowClose.model_validate(settings))
    assert asked == ("link", "toxic", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "delay"),
        ({"delay": "0s"}, "at least 1ms"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        SlowClose.model_validate(settings)
