"""A reset is a toxic that ends connections with RST after a while."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.connection_reset import ConnectionReset
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({}, (("reset_peer", {"timeout": 0}), {"share": 1.0})),
        ({"after": "100ms", "share": "10%"}, (("reset_peer", {"timeout": 100}), {"share": 0.1})),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """At once, or some milliseconds after the first data."""
    asked = seam_call(ConnectionReset.model_validate(settings))
    assert asked == ("link", "toxic", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"after": "-1s"}, "with its unit"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        ConnectionReset.model_validate(settings)
