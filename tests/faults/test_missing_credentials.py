"""A secret that is absent is the cluster's to take."""

from typing import Any

import pytest

from harness.faults.missing_credentials import MissingCredentials
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [({}, ("missing",), {"share": 1.0}), ({"share": 0.25}, ("missing",), {"share": 0.25})],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """On all nodes in scope, or a share of them."""
    asked = seam_call(MissingCredentials.model_validate(given))
    assert asked == ("cluster", "credentials", arguments, named)
