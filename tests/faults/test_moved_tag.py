"""Tags that name another version."""

import pytest

from harness.faults.moved_tag import MovedTag
from harness.seams import OtherImage
from tests.stand_ins import seam_call


@pytest.mark.parametrize("to", ["older", "newer", "another"])
def test_the_version_reaches_gateway_and_store(to: str) -> None:
    """The same word for both."""
    wire = MovedTag.model_validate({"to": to, "share": 0.5})
    assert seam_call(wire) == ("gateway", "instead", (OtherImage(to),), {"share": 0.5})
    rest = MovedTag.model_validate({"to": to, "on": "rest"})
    assert seam_call(rest) == ("store", "retagged", (OtherImage(to),), {"share": 1.0})
