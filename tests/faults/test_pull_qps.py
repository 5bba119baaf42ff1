"""Kubelet's limit is two whole numbers."""

from typing import Any

import pytest

from harness.faults.pull_qps import PullQps
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [
        ({}, (), {"qps": 1, "burst": 1, "share": 1.0}),
        ({"qps": 2, "burst": 3}, (), {"qps": 2, "burst": 3, "share": 1.0}),
    ],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """One and one when nothing is said."""
    asked = seam_call(PullQps.model_validate(given))
    assert asked == ("cluster", "pull_qps", arguments, named)
