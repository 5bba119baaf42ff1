"""A limit of data is a toxic that counts the bytes of a connection."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.data_limit import DataLimit
from tests.stand_ins import asked_by


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"limit": "1MB"}, (("limit_data", {"bytes": 1_000_000}), {"share": 1.0})),
        ({"limit": "1KiB", "share": 0.5}, (("limit_data", {"bytes": 1024}), {"share": 0.5})),
    ],
)
def test_its_settings_are_the_seams_words(settings: dict[str, Any], arguments: Any) -> None:
    """Toxiproxy counts in bytes."""
    asked = asked_by(DataLimit.model_validate(settings))
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
