"""Flipped bytes: in answers by the gateway, or in the store."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.corrupted_blob import CorruptedBlob
from harness.seams import Corrupt, RequestKind, Seam
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "flip_bytes", "share"), [({}, 1, 1.0), ({"flip": 8, "share": "50%"}, 8, 0.5)]
)
def test_on_the_wire_it_is_a_rule_for_blobs_that_are_read(
    settings: dict[str, Any], flip_bytes: int, share: float
) -> None:
    """HEAD has no body to corrupt."""
    assert seam_call(CorruptedBlob.model_validate(settings)) == (
        "gateway",
        "rule",
        (Corrupt(flip_bytes=flip_bytes),),
        {"kinds": (RequestKind.BLOB,), "methods": ("GET",), "share": share},
    )


def test_at_rest_it_changes_the_store() -> None:
    """So that nodes cannot be chosen."""
    fault = CorruptedBlob.model_validate({"on": "rest", "flip": 3, "share": 0.5})
    assert seam_call(fault) == ("store", "flipped_bytes", (), {"flip_bytes": 3, "share": 0.5})
    assert fault.seams_needed() == {Seam.STORE}
    assert fault.where_allowed() == {"repository", "layers"}


@pytest.mark.parametrize("settings", [{"flip": 0}, {"flip": 4097}, {"flip": "1"}, {"on": "disk"}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """Counts are whole numbers within reason."""
    with pytest.raises(ValidationError):
        CorruptedBlob.model_validate(settings)
