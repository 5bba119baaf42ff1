"""Far regions are toxics on both ways of a connection."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.region_latency import RegionLatency
from tests.stand_ins import RecordingSeams


def asked_of_link(settings: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Kind, attributes, stream and share of each toxic that the fault asks for."""
    recording = RecordingSeams()

    async def main() -> None:
        async with RegionLatency.model_validate(settings).inject(recording.seams()):
            assert recording.living == len(recording.asked)

    asyncio.run(main())
    assert {asked[:2] for asked in recording.asked} == {("link", "toxic")}
    assert recording.living == 0
    return [
        (*arguments, named.get("stream", "downstream"), named["share"])
        for *_, arguments, named in recording.asked
    ]


def test_each_way_takes_half_of_the_round_trip() -> None:
    """And half of what it varies by."""
    half = {"latency": 60, "jitter": 5}
    assert asked_of_link({"round_trip": "120ms", "jitter": "10ms", "share": 0.5}) == [
        ("latency", half, "upstream", 0.5),
        ("latency", half, "downstream", 0.5),
    ]


def test_its_rate_narrows_what_the_registry_sends() -> None:
    """Toxiproxy counts in kB."""
    *_, narrow = asked_of_link({"round_trip": "2ms", "rate": "20MB/s"})
    assert narrow == ("bandwidth", {"rate": 20_000}, "downstream", 1.0)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "round_trip"),
        ({"round_trip": "0s"}, "at least 1ms"),
        ({"round_trip": "1s", "jitter": "2s"}, "jitter must be at most round_trip"),
        ({"round_trip": "1s", "rate": "1B/s"}, "at least 1kB/s"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        RegionLatency.model_validate(settings)
