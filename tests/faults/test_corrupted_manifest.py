"""Flipped bytes of manifests."""

from harness.faults.corrupted_manifest import CorruptedManifest
from harness.seams import Corrupt, RequestKind
from tests.stand_ins import seam_call


def test_on_the_wire_it_is_a_rule_for_manifests_that_are_read() -> None:
    """HEAD has no body, so that the tag is resolved as ever."""
    assert seam_call(CorruptedManifest.model_validate({"flip": 3, "share": 0.5})) == (
        "gateway",
        "rule",
        (Corrupt(flip_bytes=3),),
        {"kinds": (RequestKind.MANIFEST,), "methods": ("GET",), "share": 0.5},
    )


def test_at_rest_it_changes_the_stored_manifests() -> None:
    """Not the layers, which the store's word is for else."""
    fault = CorruptedManifest.model_validate({"on": "rest"})
    settings = {"flip_bytes": 1, "share": 1.0, "of": "manifests"}
    assert seam_call(fault) == ("store", "flipped_bytes", (), settings)
    assert fault.where_allowed() == {"repository"}
