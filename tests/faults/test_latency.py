"""Latency is a toxic in whole milliseconds, with jitter no larger than the delay."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.latency import Latency
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"delay": "200ms"}, (("latency", {"latency": 200, "jitter": 0}), {"share": 1.0})),
        (
            {"delay": "1.5s", "jitter": "50ms", "share": "50%"},
            (("latency", {"latency": 1500, "jitter": 50}), {"share": 0.5}),
        ),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], arguments: Any) -> None:
    """Toxiproxy counts in milliseconds."""
    asked = seam_call(Latency.model_validate(settings))
    assert asked == ("link", "toxic", *arguments)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "delay"),
        ({"delay": "0s"}, "at least 1ms"),
        ({"delay": "1s", "jitter": "2s"}, "jitter must be at most delay"),
        ({"delay": 200}, "with its unit"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        Latency.model_validate(settings)


@pytest.mark.parametrize(
    ("link", "layer_bytes", "said"),
    [
        ("auto", 64 << 20, "a real Toxiproxy also caps each connection at about 64 MiB/s"),
        ("toxiproxy", 64 << 20, "a real Toxiproxy also caps each connection at about 64 MiB/s"),
        ("embedded", 64 << 20, ""),
        ("auto", 32 << 20, ""),  # all of it fits into what Toxiproxy holds back
    ],
)
def test_it_warns_of_the_speed_that_toxiproxy_takes(link: str, layer_bytes: int, said: str) -> None:
    """Only where a layer is large enough to feel it."""
    assert Latency.model_validate({"delay": "500ms"}).caution(link, layer_bytes) == said
