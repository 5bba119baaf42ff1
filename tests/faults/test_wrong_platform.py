"""Images for another platform than the nodes have."""

import pytest

from harness.faults.wrong_platform import WrongPlatform
from harness.seams import OtherImage
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("tag", "other"),
    [("index", OtherImage.NO_PLATFORM), ("manifest", OtherImage.WRONG_PLATFORM)],
)
def test_what_the_tag_names_reaches_gateway_and_store(tag: str, other: OtherImage) -> None:
    """With the platform that is missing."""
    wire = WrongPlatform.model_validate({"tag": tag})
    named = {"platform": ("linux", "amd64"), "share": 1.0}
    assert seam_call(wire) == ("gateway", "instead", (other,), named)
    rest = WrongPlatform.model_validate({"tag": tag, "on": "rest", "platform": "linux/arm64"})
    named = {"platform": ("linux", "arm64"), "share": 1.0}
    assert seam_call(rest) == ("store", "retagged", (other,), named)
