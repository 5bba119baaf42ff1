"""A limit of data is a toxic that counts the bytes of a connection."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.data_limit import DataLimit
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"limit": "1MB"}, (("limit_data", {"bytes": 1_000_000}), {"share": 1.0})),
        ({"limit": "1KiB", "share": 0.5}, (("limit_data", {"bytes": 1024}), {"share": 0.5})),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """Toxiproxy counts in bytes."""
    asked = seam_call(DataLimit.model_validate(settings))
    assert asked == ("link", "toxic", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "limit"),
        ({"limit": "0B"}, "above 0"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        DataLimit.model_validate(settings)
