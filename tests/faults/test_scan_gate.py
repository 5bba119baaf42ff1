"""The policy's answer to manifests, in Harbor's words or in others'."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.scan_gate import ScanGate
from harness.node.causes import classify
from harness.node.texts import unexpected_status, with_registry_errors
from harness.recording.outcome import Cause
from harness.seams import RequestKind
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({}, 412, "unknown: current image without vulnerability scanning cannot be pulled"),
        ({"status": 403}, 403, "denied: image is blocked by policy: it has not been scanned"),
    ],
)
def test_manifests_are_refused_by_policy(settings: dict[str, Any], status: int, said: str) -> None:
    """Whoever asks for one, by GET or HEAD; a node's words for it are put down to a quota."""
    seam, verb, (act,), named = seam_call(ScanGate.model_validate(settings))
    assert (seam, verb, act.status) == ("gateway", "rule", status)
    assert named == {"kinds": (RequestKind.MANIFEST,), "methods": ("GET", "HEAD"), "share": 1.0}
    text = with_registry_errors(unexpected_status("GET", "http://r/v2/", status), act.body.encode())
    assert text.splitlines()[1].startswith(said)
    assert classify(text) is Cause.QUOTA


@pytest.mark.parametrize("settings", [{"status": 404}, {"policy": "cve"}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """Only the two answers that registries give."""
    with pytest.raises(ValidationError, match=next(iter(settings))):
        ScanGate.model_validate(settings)
