"""A wrong URL is one mistake in hosts.toml, by its part."""

from typing import Any

import pytest

from harness.faults.wrong_registry_url import WrongRegistryUrl
from harness.seams import HostsMistake
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("given", "arguments", "named"),
    [
        ({}, (HostsMistake.WRONG_HOST,), {"share": 1.0}),
        ({"part": "port"}, (HostsMistake.WRONG_PORT,), {"share": 1.0}),
        ({"part": "path", "share": "50%"}, (HostsMistake.WRONG_PATH,), {"share": 0.5}),
    ],
)
def test_its_settings_reach_the_seam(given: Any, arguments: Any, named: Any) -> None:
    """Host, unless another part is named."""
    asked = seam_call(WrongRegistryUrl.model_validate(given))
    assert asked == ("cluster", "hosts", arguments, named)
