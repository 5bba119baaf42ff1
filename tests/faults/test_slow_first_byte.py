"""Late first bytes are a delay at the gateway, for every kind of request that a pull makes."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.slow_first_byte import SlowFirstByte
from harness.seams import Delay, RequestKind
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """The delay reaches the gateway in seconds."""
    fault = SlowFirstByte.model_validate({"delay": "200ms", "share": "50%"})
    seam, verb, (act,), named = seam_call(fault)
    assert (seam, verb, act) == ("gateway", "rule", Delay(first_byte_s=0.2))
    assert set(named["kinds"]) == set(SlowFirstByte.request_kinds)
    assert {RequestKind.TOKEN, RequestKind.MANIFEST, RequestKind.BLOB} <= set(named["kinds"])
    assert named["share"] == 0.5


@pytest.mark.parametrize("settings", [{}, {"delay": "0s"}, {"delay": 1}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """No delay, none that is felt, none without its unit."""
    with pytest.raises(ValidationError, match="delay"):
        SlowFirstByte.model_validate(settings)
