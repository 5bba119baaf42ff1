"""A full disk leaves so many bytes."""

from typing import Any

import pytest

from harness.faults.node_disk_full import NodeDiskFull
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [
        ({}, (), {"free_bytes": 1 << 20, "share": 1.0}),
        ({"free": "64KiB"}, (), {"free_bytes": 64 << 10, "share": 1.0}),
    ],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """In bytes; a mebibyte when nothing is said."""
    asked = seam_call(NodeDiskFull.model_validate(given))
    assert asked == ("cluster", "fill_disk", arguments, named)
