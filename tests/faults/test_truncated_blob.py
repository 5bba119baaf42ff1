"""Cut layers: on the wire by the gateway, or in the store."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.truncated_blob import TruncatedBlob
from harness.seams import RequestKind, Seam, Truncate
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "act"),
    [
        ({}, Truncate(keep_share=0.5, ending="fin")),
        ({"keep": "10%", "ending": "rst"}, Truncate(keep_share=0.1, ending="rst")),
        ({"keep": 0}, Truncate(keep_share=0.0, ending="fin")),
    ],
)
def test_on_the_wire_it_is_a_rule_for_blobs_that_are_read(
    settings: dict[str, Any], act: Truncate
) -> None:
    """Closed in good order or reset."""
    assert seam_call(TruncatedBlob.model_validate(settings)) == (
        "gateway",
        "rule",
        (act,),
        {"kinds": (RequestKind.BLOB,), "methods": ("GET",), "share": 1.0},
    )


def test_at_rest_it_changes_the_store() -> None:
    """So that nodes cannot be chosen."""
    fault = TruncatedBlob.model_validate({"on": "rest", "keep": 0.25, "share": 0.5})
    assert seam_call(fault) == ("store", "cut", (), {"keep_share": 0.25, "share": 0.5})
    assert fault.seams_needed() == {Seam.STORE}
    assert fault.where_allowed() == {"repository", "layers"}


@pytest.mark.parametrize("settings", [{"keep": "100%"}, {"keep": -0.1}, {"ending": "reset"}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """What is kept whole is not cut."""
    with pytest.raises(ValidationError):
        TruncatedBlob.model_validate(settings)
