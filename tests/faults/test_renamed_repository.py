"""Repositories under another name."""

import pytest
from pydantic import ValidationError

from harness.faults.renamed_repository import RenamedRepository
from tests.stand_ins import seam_call


@pytest.mark.parametrize("suffix", ["-v2", "/app", "2"])
def test_the_suffix_reaches_the_store(suffix: str) -> None:
    """As it is."""
    fault = RenamedRepository.model_validate({"suffix": suffix})
    assert seam_call(fault) == ("store", "renamed", (), {"suffix": suffix})


@pytest.mark.parametrize("suffix", ["", "/", "-", "V2", "/../x", " a b", "x" * 60])
def test_what_makes_no_name_is_refused(suffix: str) -> None:
    """Before it reaches a registry."""
    with pytest.raises(ValidationError):
        RenamedRepository.model_validate({"suffix": suffix})
