"""Blobs are redirected to storage that is slow."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.redirect_to_slow_storage import RedirectToSlowStorage
from harness.seams import Redirect, RequestKind
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "act", "share"),
    [
        ({"rate": "2MB/s"}, Redirect(first_byte_s=0.0, bytes_per_s=2_000_000), 1.0),
        (
            {"delay": "1s", "rate": "1kB/s", "share": "50%"},
            Redirect(first_byte_s=1.0, bytes_per_s=1000),
            0.5,
        ),
    ],
)
def test_its_settings_reach_the_seam(settings: dict[str, Any], act: Redirect, share: float) -> None:
    """For downloads of blobs only."""
    assert seam_call(RedirectToSlowStorage.model_validate(settings)) == (
        "gateway",
        "rule",
        (act,),
        {"kinds": (RequestKind.BLOB,), "methods": ("GET",), "share": share},
    )


@pytest.mark.parametrize("settings", [{}, {"rate": "1B/s"}, {"rate": "1MB/s", "delay": 1}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """No speed, one that Toxiproxy could not count, a delay without its unit."""
    with pytest.raises(ValidationError):
        RedirectToSlowStorage.model_validate(settings)
