"""What `harness new` writes is a scenario that runs as it is."""

from pathlib import Path

from harness.plan.plan import build_plan
from harness.scenario.loading import load
from harness.scenario.starter import starter


def test_the_starter_checks_and_plans(tmp_path: Path) -> None:
    """Under any name that a scenario can have, in under a minute."""
    for name in ("mine", "a-b.c_d", "2nd"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(starter(name), encoding="utf-8")
        plan = build_plan(load(file))
        assert plan.scenario == name
        assert plan.steps_end_s < 60
        assert plan.faults
        assert plan.expectations
