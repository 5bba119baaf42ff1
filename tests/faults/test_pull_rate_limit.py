"""429 for manifests, counted as the registry's style has it."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.pull_rate_limit import PullRateLimit
from harness.seams import RateLimit, RequestKind
from tests.stand_ins import seam_call

HUB = (
    "You have reached your pull rate limit. You may increase the limit by authenticating and "
    "upgrading: https://www.docker.com/increase-rate-limit"
)


@pytest.mark.parametrize(
    ("settings", "act", "methods"),
    [
        ({}, RateLimit(limit=0, window_s=60.0), ("GET", "HEAD")),
        (
            {"limit": 10, "window": "6h", "retry_after": "30s", "style": "docker_hub"},
            RateLimit(
                limit=10, window_s=21600.0, retry_after_s=30, headers="docker_hub", message=HUB
            ),
            ("GET",),
        ),
        (
            {"retry_after": "0s"},
            RateLimit(limit=0, window_s=60.0, retry_after_s=0),
            ("GET", "HEAD"),
        ),
    ],
)
def test_it_is_a_limit_on_manifests(
    settings: dict[str, Any], act: RateLimit, methods: tuple[str, ...]
) -> None:
    """Docker Hub does not count HEAD; Retry-After is sent when it is given."""
    assert seam_call(PullRateLimit.model_validate(settings)) == (
        "gateway",
        "rule",
        (act,),
        {"kinds": (RequestKind.MANIFEST,), "methods": methods, "share": 1.0},
    )


@pytest.mark.parametrize("settings", [{"limit": -1}, {"window": "0s"}, {"retry_after": "-1s"}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """Negative numbers and windows without an extent."""
    with pytest.raises(ValidationError):
        PullRateLimit.model_validate(settings)


def test_it_speaks_as_the_registry_does_unless_told_otherwise() -> None:
    """The profile's words fill in the rate of the limit."""
    said = {}
    for style in (None, "quay"):
        fault = PullRateLimit.model_validate({"limit": 60, "window": "1s", "style": style})
        (act,) = seam_call(fault.in_words_of("ghcr"))[2]
        assert isinstance(act, RateLimit)
        said[style] = act.message
    assert said == {
        None: "retry-after: 16666.667µs, allowed: 3600/minute",
        "quay": "Too many requests",
    }
