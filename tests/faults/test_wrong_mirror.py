"""A wrong mirror stands before the registry in hosts.toml."""

from typing import Any

import pytest

from harness.faults.wrong_mirror import WrongMirror
from harness.seams import HostsMistake
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [
        ({}, (HostsMistake.MIRROR_WITHOUT_CONTENT,), {"share": 1.0}),
        ({"share": 0.25}, (HostsMistake.MIRROR_WITHOUT_CONTENT,), {"share": 0.25}),
    ],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """On all nodes in scope, or a share of them."""
    asked = seam_call(WrongMirror.model_validate(given))
    assert asked == ("cluster", "hosts", arguments, named)
