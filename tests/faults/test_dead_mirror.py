"""A dead mirror refuses connections, or lets them vanish."""

from typing import Any

import pytest

from harness.faults.dead_mirror import DeadMirror
from harness.seams import HostsMistake
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [
        ({}, (HostsMistake.MIRROR_REFUSES,), {"share": 1.0}),
        ({"mode": "dropped"}, (HostsMistake.MIRROR_DROPS,), {"share": 1.0}),
    ],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """Refused, unless told otherwise."""
    asked = seam_call(DeadMirror.model_validate(given))
    assert asked == ("cluster", "hosts", arguments, named)
