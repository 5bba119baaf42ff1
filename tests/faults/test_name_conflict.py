"""Two replicas, one name, two images."""

import pytest

from harness.faults.name_conflict import NameConflict
from harness.seams import OtherImage
from tests.stand_ins import seam_call


@pytest.mark.parametrize("per", ["request", "node"])
def test_the_second_replica_is_alone_with_its_image(per: str) -> None:
    """Half of those who ask reach it, unless another share is given."""
    assert seam_call(NameConflict.model_validate({"per": per})) == (
        "gateway",
        "instead",
        (OtherImage.ANOTHER,),
        {"share": 0.5, "per": per, "alone": True},
    )
