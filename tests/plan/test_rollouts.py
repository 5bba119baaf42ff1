"""Which pods of which version are made when."""

import pytest

from harness.plan.plan import build_plan
from harness.scenario import ScenarioError, load_text

TEXT = """\
name: steps
environment: {cluster: {provider: kind, nodes: 2}}
images: {app: {size: 1MiB}}
load:
  rollouts: [{name: app, image: app, replicas: 3, repeat: 2, every: 10s}]
  LATER
"""


def rounds(later: str) -> list[tuple[str, float, str, str, int]]:
    """Name, time, change, version and pods of every round."""
    plan = build_plan(load_text("steps", TEXT.replace("LATER", later)))
    return [
        (it.rollout, it.at_s, it.change, it.image.rpartition(":")[2], len(it.pods))
        for it in plan.load.rollouts
    ]


def test_versions_rollbacks_and_scale_ups_are_rounds_by_their_time() -> None:
    """A rollback names the version before and has all replicas; a scale-up only those it adds."""
    later = "rollbacks: [{of: app, at: 20s}]\n  scale_ups: [{of: app, by: 4, at: 15s}]"
    assert rounds(later) == [
        ("app-1", 0.0, "template", "v1", 3),
        ("app-2", 10.0, "template", "v2", 3),
        ("app-3", 15.0, "scale", "v2", 4),
        ("app-4", 20.0, "template", "v1", 7),
    ]


def test_a_second_rollback_goes_forth_again() -> None:
    """As `kubectl rollout undo` does: it undoes the first."""
    later = "rollbacks: [{of: app, at: 20s}, {of: app, at: 30s}]"
    assert [version for _, _, _, version, _ in rounds(later)] == ["v1", "v2", "v1", "v2"]


@pytest.mark.parametrize(
    ("later", "sentence"),
    [
        ("rollbacks: [{of: web, at: 20s}]", "must be the name of a rollout"),
        ("rollbacks: [{of: app, at: 10s}]", "must be after 10 s"),
        ("scale_ups: [{of: app, by: 1, at: 0s}]", "must be after 0 s"),
        ("scale_ups: [{of: app, by: 0, at: 1s}]", "scale_ups[0].by"),
    ],
)
def test_what_cannot_be_is_reported(later: str, sentence: str) -> None:
    """With its place."""
    with pytest.raises(ScenarioError) as told:
        rounds(later)
    assert sentence in str(told.value)


@pytest.mark.parametrize("changed", ["repeat: 1", "repeat: 2, cache: warm"])
def test_a_rollback_needs_an_earlier_version(changed: str) -> None:
    """One round has none, and neither have rounds of one version."""
    text = TEXT.replace("LATER", "rollbacks: [{of: app, at: 20s}]").replace("repeat: 2", changed)
    with pytest.raises(ScenarioError, match="has no earlier version"):
        load_text("steps", text)


def test_updating_a_deployment_in_place_needs_a_real_one() -> None:
    """Emulated nodes have pods, but nobody who replaces them."""
    rolling = TEXT.replace("LATER", "").replace(
        "replicas: 3,", "replicas: 3, rolling: {max_surge: 1},"
    )
    [first, _] = build_plan(load_text("steps", rolling)).load.rollouts
    assert (first.max_surge, first.max_unavailable, first.deployment) == ("1", "25%", "app")
    with pytest.raises(ScenarioError, match="needs a real cluster"):
        load_text("steps", rolling, ["environment.cluster.provider=emulated"])
    wrong = rolling.replace("max_surge: 1", "max_surge: many")
    with pytest.raises(ScenarioError, match="a number of pods or a percentage"):
        load_text("steps", wrong)
