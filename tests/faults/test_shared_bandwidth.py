"""Blobs share a line: one rule of the gateway for all of them."""

from harness.faults.shared_bandwidth import SharedBandwidth
from harness.seams import RequestKind, ShareRate
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """The rate reaches the gateway in bytes a second."""
    fault = SharedBandwidth.model_validate({"rate": "1MB/s", "share": "50%"})
    seam, verb, (act,), settings = seam_call(fault)
    assert (seam, verb, act) == ("gateway", "rule", ShareRate(bytes_per_s=1_000_000))
    assert settings == {"kinds": (RequestKind.BLOB,), "methods": ("GET",), "share": 0.5}
