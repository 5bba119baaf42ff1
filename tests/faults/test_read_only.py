"""Read-only mode: whatever changes content is refused, whatever reads it is not."""

import pytest

from harness.faults.read_only import ReadOnly
from harness.seams import RequestKind, Respond
from tests.stand_ins import seam_call


@pytest.mark.parametrize(("status", "code"), [(405, "UNSUPPORTED"), (503, "UNAVAILABLE")])
def test_only_changes_are_refused(status: int, code: str) -> None:
    """Blobs and manifests, in the registry's own words."""
    _, verb, (act,), settings = seam_call(ReadOnly.model_validate({"status": status}))
    assert isinstance(act, Respond)
    assert (verb, act.status) == ("rule", status)
    assert f'"code":"{code}"' in act.body.replace(" ", "")
    assert settings["kinds"] == (RequestKind.UPLOAD, RequestKind.MANIFEST)
    assert set(settings["methods"]) == {"POST", "PUT", "PATCH", "DELETE"}
