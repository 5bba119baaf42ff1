"""Faults that differ only in how the name server answers wrongly."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults._fault import WrongAnswer
from harness.faults.dns_nxdomain import DnsNxdomain
from harness.faults.dns_refused import DnsRefused
from harness.faults.dns_servfail import DnsServfail
from harness.faults.dns_timeout import DnsTimeout
from harness.faults.dns_truncated import DnsTruncated
from harness.seams import DnsMode
from tests.stand_ins import seam_call

MODES = {
    DnsNxdomain: DnsMode.NXDOMAIN,  # says that the name does not exist
    DnsServfail: DnsMode.SERVFAIL,  # says that it failed
    DnsRefused: DnsMode.REFUSED,  # says that it does not want to
    DnsTimeout: DnsMode.TIMEOUT,  # says nothing
    DnsTruncated: DnsMode.TRUNCATED,  # says over UDP that there is more
}


@pytest.mark.parametrize(("settings", "share"), [({}, 1.0), ({"share": 0.5}, 0.5)])
@pytest.mark.parametrize("kind", MODES)
def test_their_settings_are_the_seams_words(
    kind: type[WrongAnswer], settings: dict[str, Any], share: float
) -> None:
    """On all queries or a share of them."""
    asked = seam_call(kind.model_validate(settings))
    assert asked == ("resolver", "answering", (MODES[kind],), {"share": share})


@pytest.mark.parametrize("kind", MODES)
def test_they_refuse_what_cannot_be(kind: type[WrongAnswer]) -> None:
    """With the rule."""
    with pytest.raises(ValidationError, match="delay"):
        kind.model_validate({"delay": "1s"})


def test_every_fault_of_this_kind_is_held_to_it() -> None:
    """A new one needs a row."""
    assert set(MODES) == set(WrongAnswer.__subclasses__())
