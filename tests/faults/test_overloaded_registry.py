"""An overloaded registry is a queue at the gateway."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.overloaded_registry import OverloadedRegistry
from harness.seams import Queue
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "act"),
    [
        ({"at_once": 2, "service": "200ms"}, Queue(at_once=2, service_s=0.2)),
        (
            {"at_once": 1, "service": "1s", "queue": 0},
            Queue(at_once=1, service_s=1.0, waiting=0),
        ),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], act: Queue) -> None:
    """For every kind of request that a pull or a push makes."""
    seam, verb, acts, named = seam_call(OverloadedRegistry.model_validate(settings))
    assert (seam, verb, acts) == ("gateway", "rule", (act,))
    assert named == {"kinds": OverloadedRegistry.request_kinds}


@pytest.mark.parametrize(
    "settings",
    [{"service": "1s"}, {"at_once": 0, "service": "1s"}, {"at_once": 1, "service": "0s"}],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """Nobody served, and service that takes no time."""
    with pytest.raises(ValidationError):
        OverloadedRegistry.model_validate(settings)
