"""Layers that are not there, on the wire or at rest."""

from harness.faults.missing_blob import MissingBlob
from harness.seams import RequestKind, Respond, Seam
from tests.stand_ins import seam_call


def test_on_the_wire_it_answers_for_the_registry() -> None:
    """GET and HEAD, with the error that the specification has for it."""
    seam, verb, (act,), named = seam_call(MissingBlob.model_validate({"share": 0.5}))
    assert (seam, verb) == ("gateway", "rule")
    assert named == {"kinds": (RequestKind.BLOB,), "methods": ("GET", "HEAD"), "share": 0.5}
    assert isinstance(act, Respond)
    assert (act.status, '"BLOB_UNKNOWN"' in act.body) == (404, True)


def test_at_rest_it_loses_layers() -> None:
    """For everybody, so that nodes cannot be chosen."""
    fault = MissingBlob.model_validate({"on": "rest", "share": 0.5})
    assert seam_call(fault) == ("store", "missing", (), {"share": 0.5})
    assert fault.seams_needed() == {Seam.STORE}
    assert fault.where_allowed() == {"repository", "layers"}
