"""Slices are a toxic in bytes and microseconds."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.slicing import Slicing
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        (
            {"size": "8KiB", "variation": "1KiB", "delay": "5ms"},
            (
                ("slicer", {"average_size": 8192, "size_variation": 1024, "delay": 5000}),
                {"share": 1.0},
            ),
        ),
        (
            {"size": "1B", "share": 0.5},
            (
                ("slicer", {"average_size": 1, "size_variation": 0, "delay": 0}),
                {"share": 0.5},
            ),
        ),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """Toxiproxy counts the pause in microseconds."""
    asked = seam_call(Slicing.model_validate(settings))
    assert asked == ("link", "toxic", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "size"),
        ({"size": "0B"}, "above 0"),
        ({"size": "1KiB", "variation": "1KiB"}, "variation must be below size"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        Slicing.model_validate(settings)
