"""The name leads to another loopback address, and nowhere else."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.dns_wrong_address import DnsWrongAddress
from harness.seams import DnsMode
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({}, ((DnsMode.WRONG_ADDRESS,), {"address": "127.0.0.9", "share": 1.0})),
        (
            {"address": "127.1.2.3", "share": 0.5},
            ((DnsMode.WRONG_ADDRESS,), {"address": "127.1.2.3", "share": 0.5}),
        ),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """By default to one where nothing listens."""
    asked = seam_call(DnsWrongAddress.model_validate(settings))
    assert asked == ("resolver", "answering", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"address": "10.0.0.1"}, "loopback network"),
        ({"address": "localhost"}, "loopback network"),
        ({"address": "::1"}, "loopback network"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        DnsWrongAddress.model_validate(settings)
