"""A flapping link keeps the rhythm that its settings say."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.flapping_link import FlappingLink
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """In seconds."""
    fault = FlappingLink.model_validate({"down": "2s", "up": "500ms", "share": "50%"})
    named = {"down_s": 2.0, "up_s": 0.5, "share": 0.5}
    assert seam_call(fault) == ("link", "flapping", (), named)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"down": "2s"}, "up"),
        ({"down": "0s", "up": "1s"}, "down"),
        ({"down": "1s", "up": "50ms"}, "greater than or equal to 0.1"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """Nor turns too short to be told apart."""
    with pytest.raises(ValidationError, match=rule):
        FlappingLink.model_validate(settings)
