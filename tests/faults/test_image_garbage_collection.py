"""Images are removed from nodes."""

from typing import Any

import pytest

from harness.faults.image_garbage_collection import ImageGarbageCollection
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [({}, (), {"share": 1.0}), ({"share": 0.25}, (), {"share": 0.25})],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """On all nodes in scope, or a share of them."""
    asked = seam_call(ImageGarbageCollection.model_validate(given))
    assert asked == ("cluster", "remove_images", arguments, named)
