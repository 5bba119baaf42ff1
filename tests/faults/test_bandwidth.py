"""Bandwidth is a toxic in kB/s."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.bandwidth import Bandwidth
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"rate": "1MB/s"}, (("bandwidth", {"rate": 1000}), {"share": 1.0})),
        ({"rate": "1MiB/s", "share": 0.25}, (("bandwidth", {"rate": 1049}), {"share": 0.25})),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """Toxiproxy counts in kB/s."""
    asked = seam_call(Bandwidth.model_validate(settings))
    assert asked == ("link", "toxic", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "rate"),
        ({"rate": "10B/s"}, "at least 1kB/s"),
        ({"rate": "1MB"}, "with its unit"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        Bandwidth.model_validate(settings)


def test_a_plan_says_that_it_is_per_connection() -> None:
    """Twenty nodes with 1 MB/s moved 58 MB/s, which surprised those who had written it."""
    said = Bandwidth.model_validate({"rate": "1MB/s"}).caution("auto", 1 << 20)
    assert said.startswith("1 MB/s for each connection")
