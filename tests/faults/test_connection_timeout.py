"""Silence is a toxic that drops data."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.connection_timeout import ConnectionTimeout
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({}, (("timeout", {"timeout": 0}), {"share": 1.0})),
        (
            {"after": "1.5s", "share": "50%"},
            (("timeout", {"timeout": 1500}), {"share": 0.5}),
        ),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """Toxiproxy counts in milliseconds, and 0 is for ever."""
    asked = seam_call(ConnectionTimeout.model_validate(settings))
    assert asked == ("link", "toxic", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"after": 5}, "with its unit"),
        ({"delay": "1s"}, "delay"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        ConnectionTimeout.model_validate(settings)
