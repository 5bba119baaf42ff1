"""A partition is a link that lets nothing pass."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.partition import Partition
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "named"), [({}, {"share": 1.0}), ({"share": "50%"}, {"share": 0.5})]
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], named: dict[str, Any]) -> None:
    """On all nodes or a share of them."""
    asked = seam_call(Partition.model_validate(settings))
    assert asked == ("link", "cut_off", (), named)


def test_it_refuses_what_cannot_be() -> None:
    """It has no times of its own."""
    with pytest.raises(ValidationError, match="after"):
        Partition.model_validate({"after": "1s"})
