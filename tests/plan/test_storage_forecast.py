"""When pushes use up a storage quota: in the run, or how long after it."""

import pytest

from harness.plan.plan import Plan, build_plan
from harness.plan.text import plan_text
from harness.scenario import load_text

TEXT = """\
name: x
environment: {registry: {quotas: {storage: LIMIT}}}
images: {app: {size: 2MiB, layers: 2}}
load:
  rollouts: [{name: app, image: app, replicas: 4, repeat: 4, every: 10s}]
  pushes: [PUSHES]
expect: [{metric: pods_ready, at_least: 100%}]
"""
A_SECOND = "{size: 1MiB, rate: 1/s, for: 40s}"


def plan_of(limit: str, pushes: str = A_SECOND) -> Plan:
    return build_plan(load_text("f", TEXT.replace("LIMIT", limit).replace("PUSHES", pushes)))


@pytest.mark.parametrize(
    ("limit", "pushes", "full_at_s", "left_s"),
    [
        # 8 MiB of images, and their documents: 23 more fit, and the one at 23 s does not
        ("32MiB", A_SECOND, 23.0, 0.0),
        ("9MiB", A_SECOND, 0.0, 0.0),
        # 48 are used at the end, and 1 MiB comes each second
        ("108MiB", A_SECOND, None, 60.0),
        # two streams, 1 MiB and 2 x 2 MiB a second
        ("27MiB", f"{A_SECOND}, {{size: 2MiB, rate: 2/s, for: 40s}}", 3.5, 0.0),
    ],
)
def test_a_reader_can_check_the_sum(
    limit: str, pushes: str, full_at_s: float | None, left_s: float
) -> None:
    found = plan_of(limit, pushes).storage
    assert found is not None
    assert found.full_at_s == full_at_s
    assert found.left_s == pytest.approx(left_s, abs=0.5)


def test_days_are_days() -> None:
    """What a build system pushes, and how long the quota lasts at that rate."""
    text = plan_text(plan_of("500GiB", "{size: 300MiB, rate: 40/h, for: 24h}"))
    assert "288,000 MiB a day pushed, full 18 h 40 min after the last push at that rate" in text
    text = plan_text(plan_of("32MiB"))
    assert "8 MiB used, 86,400 MiB a day pushed, full at 23.0 s" in text.replace("8.0 MiB", "8 MiB")


def test_without_a_quota_or_pushes_nothing_is_said() -> None:
    plain = TEXT.replace("environment: {registry: {quotas: {storage: LIMIT}}}\n", "")
    assert build_plan(load_text("f", plain.replace("PUSHES", A_SECOND))).storage is None
    assert plan_of("32MiB", "").storage is None
