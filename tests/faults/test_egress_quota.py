"""An egress quota counts the bytes of blobs, and then refuses or slows down."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.egress_quota import EgressQuota
from harness.seams import EgressQuota as Quota
from harness.seams import RequestKind
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "act"),
    [
        ({"limit": "1MB"}, Quota(limit_bytes=1_000_000, window_s=60.0, status=429)),
        (
            {"limit": "1KiB", "window": "5s", "status": 403},
            Quota(limit_bytes=1024, window_s=5.0, status=403),
        ),
        (
            {"limit": "1B", "rate": "1MB/s"},
            Quota(limit_bytes=1, window_s=60.0, bytes_per_s=1_000_000),
        ),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], act: Quota) -> None:
    """For downloads of blobs only."""
    assert seam_call(EgressQuota.model_validate(settings)) == (
        "gateway",
        "rule",
        (act,),
        {"kinds": (RequestKind.BLOB,), "methods": ("GET",)},
    )


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "limit"),
        ({"limit": "0B"}, "above 0"),
        ({"limit": "1B", "status": 500}, "status"),
        ({"limit": "1B", "status": 403, "rate": "1MB/s"}, "exclude each other"),
    ],
)
def test_it_refuses_what_cannot_be(settings: dict[str, Any], rule: str) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match=rule):
        EgressQuota.model_validate(settings)
