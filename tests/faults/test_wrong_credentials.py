"""A secret with a wrong password is the cluster's to give."""

from typing import Any

import pytest

from harness.faults.wrong_credentials import WrongCredentials
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [({}, ("wrong",), {"share": 1.0}), ({"share": 0.25}, ("wrong",), {"share": 0.25})],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """On all nodes in scope, or a share of them."""
    asked = seam_call(WrongCredentials.model_validate(given))
    assert asked == ("cluster", "credentials", arguments, named)
