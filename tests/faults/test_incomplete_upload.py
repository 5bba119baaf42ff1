"""Layers of which a part was uploaded."""

import pytest
from pydantic import ValidationError

from harness.faults.incomplete_upload import IncompleteUpload
from harness.seams import Seam
from tests.stand_ins import seam_call


def test_its_part_lies_among_the_uploads() -> None:
    """At rest, and nowhere else."""
    fault = IncompleteUpload.model_validate({"uploaded": "25%", "share": 0.5})
    assert seam_call(fault) == ("store", "missing", (), {"share": 0.5, "uploaded_share": 0.25})
    assert fault.seams_needed() == {Seam.STORE}


def test_a_whole_upload_is_refused() -> None:
    """It would be no fault."""
    with pytest.raises(ValidationError):
        IncompleteUpload.model_validate({"uploaded": "100%"})
