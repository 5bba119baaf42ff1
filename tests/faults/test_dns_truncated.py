"""The name server says over UDP that there is more."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.dns_truncated import DnsTruncated
from harness.seams import DnsMode
from tests.stand_ins import asked_by


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({}, ((DnsMode.TRUNCATED,), {"share": 1.0})),
        ({"share": 0.5}, ((DnsMode.TRUNCATED,), {"share": 0.5})),
    ],
)
def test_its_settings_are_the_seams_words(settings: dict[str, Any], arguments: Any) -> None:
    """On all queries or a share of them."""
    asked = asked_by(DnsTruncated.model_validate(settings))
    assert asked == ("resolver", "answering", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"delay": "1s"}, "delay"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        DnsTruncated.model_validate(settings)
