"""Tags name what is no manifest, in answers or in the store."""

import pytest

from harness.faults.not_a_manifest import NotAManifest
from harness.seams import OtherImage
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("content", "other"),
    [("html", OtherImage.HTML), ("json", OtherImage.OTHER_JSON), ("empty", OtherImage.EMPTY)],
)
@pytest.mark.parametrize(("on", "seam"), [("wire", "gateway"), ("rest", "store")])
def test_its_settings_reach_the_seam(content: str, other: OtherImage, on: str, seam: str) -> None:
    """Each content, for a share of requests or of tags."""
    fault = NotAManifest.model_validate({"on": on, "content": content, "share": "50%"})
    verb = "instead" if on == "wire" else "retagged"
    assert seam_call(fault) == (seam, verb, (other,), {"share": 0.5})
