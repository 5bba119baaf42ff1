"""The digest header says what is not so."""

import pytest

from harness.faults.wrong_digest_header import WrongDigestHeader
from harness.seams import MislabelDigest, RequestKind
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    "act",
    [
        MislabelDigest(says="another"),
        MislabelDigest(says="malformed"),
        MislabelDigest(says="missing"),
    ],
)
def test_what_the_header_says_reaches_the_gateway(act: MislabelDigest) -> None:
    """For manifests: a node reads it nowhere else."""
    assert seam_call(WrongDigestHeader.model_validate({"says": act.says})) == (
        "gateway",
        "rule",
        (act,),
        {"kinds": (RequestKind.MANIFEST,), "share": 1.0},
    )
