"""The name server answers late, in whole milliseconds."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.dns_delay import DnsDelay
from harness.seams import DnsMode
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"delay": "2s"}, ((DnsMode.DELAY,), {"delay_ms": 2000, "share": 1.0})),
        ({"delay": "1.5ms", "share": "50%"}, ((DnsMode.DELAY,), {"delay_ms": 2, "share": 0.5})),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """On all queries or a share of them."""
    asked = seam_call(DnsDelay.model_validate(settings))
    assert asked == ("resolver", "answering", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "delay"),
        ({"delay": "0.1ms"}, "at least 1ms"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        DnsDelay.model_validate(settings)
