"""All bodies share a rate: small ones too, and those that come later wait for those before."""

import pytest

from harness.gateway.acts._behaviour import RuleContext
from harness.gateway.acts.share_rate import ShareRateBehaviour
from harness.seams import ShareRate


def test_content_of_all_answers_is_held_in_its_order() -> None:
    """At 1000 B/s three pieces at once are held for 0.5, 0.6 and 1.6 s; a later one is not."""
    behaviour = ShareRateBehaviour(ShareRate(bytes_per_s=1000), RuleContext())
    meter = behaviour.meter()
    assert [meter.spend(count, 7.0) for count in (500, 100, 1000)] == pytest.approx([0.5, 0.6, 1.6])
    assert meter.spend(500, 60.0) == pytest.approx(0.5)
    assert meter.bytes_per_s(60.0) == 1000
