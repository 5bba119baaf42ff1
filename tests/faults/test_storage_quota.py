"""Uploads are refused as registries without room refuse them."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.storage_quota import StorageQuota
from harness.seams import Hang, RequestKind, Respond
from tests.stand_ins import seam_call


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
    seam, verb, (act,), named = seam_call(StorageQuota.model_validate({"status": status}))
    assert (seam, verb, named) == ("gateway", "rule", {"kinds": (RequestKind.UPLOAD,), "share": 1})
    assert isinstance(act, Respond)
    (error,) = json.loads(act.body)["errors"]
    assert (act.status, error["code"]) == (status, code)
    assert words in error["message"]


def test_it_refuses_other_answers() -> None:
    """Those that no registry gives for want of room."""
    with pytest.raises(ValidationError, match="403, 429, 500 or 507"):
        StorageQuota.model_validate({"status": 404})


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({}, 403, "Quota has been exceed on namespace"),
        ({"style": "ghcr"}, 403, "30408704 bytes more do not fit"),
        ({"style": "generic"}, 403, "configured upper limit of 10.0 MiB."),
        ({"status": 507}, 507, "insufficient storage"),
    ],
)
def test_it_speaks_as_the_registry_does_unless_told_otherwise(
    settings: dict[str, Any], status: int, words: str
) -> None:
    """A status that is asked for wins over the profile's."""
    fault = StorageQuota.model_validate(settings).in_words_of("quay")
    (act,) = seam_call(fault)[2]
    assert isinstance(act, Respond)
    assert act.status == status
    assert words in act.body


def test_words_of_ones_own_and_no_answer() -> None:
    """Plain text and JSON are named as such; what hangs has neither status nor words."""
    _, _, (act,), _ = seam_call(StorageQuota.model_validate({"status": 429, "body": "full"}))
    assert (act.status, act.body) == (429, "full")
    assert dict(act.headers)["Content-Type"].startswith("text/plain")
    _, _, (act,), _ = seam_call(StorageQuota.model_validate({"body": '{"errors": []}'}))
    assert dict(act.headers)["Content-Type"] == "application/json"
    _, _, (act,), _ = seam_call(StorageQuota.model_validate({"how": "hangs"}))
    assert act == Hang()
    with pytest.raises(ValidationError, match="takes no status and no body"):
        StorageQuota.model_validate({"how": "hangs", "body": "x"})
