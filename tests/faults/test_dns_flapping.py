"""The name server takes turns between a wrong answer and the truth."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.dns_flapping import DnsFlapping
from harness.seams import DnsMode, Turns
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("answer", "mode"),
    [
        ("nxdomain", DnsMode.NXDOMAIN),
        ("servfail", DnsMode.SERVFAIL),
        ("refused", DnsMode.REFUSED),
        ("timeout", DnsMode.TIMEOUT),
    ],
)
def test_its_settings_reach_the_seam(answer: str, mode: DnsMode) -> None:
    """Each answer, and turns in seconds."""
    settings = {"answer": answer, "wrong": "2s", "right": "500ms", "share": 0.5}
    named = {"share": 0.5, "turns": Turns(wrong_s=2.0, right_s=0.5)}
    asked = seam_call(DnsFlapping.model_validate(settings))
    assert asked == ("resolver", "answering", (mode,), named)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"wrong": "2s"}, "right"),
        ({"wrong": "2s", "right": "0s"}, "at least 1ms"),
        ({"wrong": "2s", "right": "2s", "answer": "delay"}, "answer"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        DnsFlapping.model_validate(settings)
