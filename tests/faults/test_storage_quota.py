"""Uploads are refused as registries without room refuse them."""

import json

import pytest
from pydantic import ValidationError

from harness.faults.storage_quota import StorageQuota
from harness.seams import RequestKind, Respond
from tests.stand_ins import asked_by


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "DENIED", "will exceed the configured upper limit"),
        (500, "UNKNOWN", "unknown error"),
        (507, "UNKNOWN", "insufficient storage"),
    ],
)
def test_it_answers_uploads(status: int, code: str, words: str) -> None:
    """With the status, and the body that goes with it."""
    seam, verb, (act,), named = asked_by(StorageQuota.model_validate({"status": status}))
    assert (seam, verb, named) == ("gateway", "rule", {"kinds": (RequestKind.UPLOAD,), "share": 1})
    assert isinstance(act, Respond)
    (error,) = json.loads(act.body)["errors"]
    assert (act.status, error["code"]) == (status, code)
    assert words in error["message"]


def test_it_refuses_other_answers() -> None:
    """Those that no registry gives for want of room."""
    with pytest.raises(ValidationError, match="403, 500 or 507"):
        StorageQuota.model_validate({"status": 404})
