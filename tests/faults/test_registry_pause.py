"""The registry's process is paused, and nothing else is asked for."""

import pytest
from pydantic import ValidationError

from harness.faults.registry_pause import RegistryPause
from tests.stand_ins import seam_call


def test_it_has_no_settings() -> None:
    """There is one registry, and it is paused as a whole."""
    assert seam_call(RegistryPause.model_validate({})) == ("process", "paused", (), {})


@pytest.mark.parametrize("setting", ["share", "nodes", "after"])
def test_it_refuses_what_cannot_be(setting: str) -> None:
    """Nor a share of it."""
    with pytest.raises(ValidationError, match=setting):
        RegistryPause.model_validate({setting: 1})
