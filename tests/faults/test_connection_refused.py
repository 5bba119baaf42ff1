"""Refused connections are a link that is down."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.connection_refused import ConnectionRefused
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, {"share": 1.0}),
        ({"share": "50%"}, {"share": 0.5}),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], named: dict[str, Any]) -> None:
    """On all nodes or a share of them."""
    asked = seam_call(ConnectionRefused.model_validate(settings))
    assert asked == ("link", "down", (), named)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"after": "1s"}, "after"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        ConnectionRefused.model_validate(settings)
