"""The reference of scenario files: every key explained, every example one that loads."""

from pathlib import Path

import pytest

from harness.scenario import load_text
from harness.scenario.complaints import ScenarioError
from harness.scenario.reference import Key, find, reference_markdown, sections

ROOT = Path(__file__).parents[2]
KEYS = [key for section in sections() for key in section.keys]

BASE = """\
name: x
images:
  app: {size: 64MiB, layers: 4}
load:
  rollouts: [{name: app, image: app, replicas: 4, repeat: 2, every: 10s}]
  rollbacks: [{of: app, at: 30s}]
  scale_ups: [{of: app, by: 2, at: 25s}]
  pulls: [{image: app, rate: 2/s}]
  pushes: [{size: 1MiB, rate: 1/s}]
faults:
  - server_errors: {}
    at: 20s
    for: 10s
expect: [{metric: deployment_delay, at_most: 60s}]
abort_when: [{metric: pull_error_rate, over: 30s, above: 90%}]
"""

# What an example needs beside it, or instead of what is there.
EXTERNAL = ["environment.registry.provider=external", "environment.registry.url=https://r.example"]
EXISTING = [
    "environment.cluster.provider=existing",
    "environment.cluster.context=staging",
    "environment.cluster.registry_host=192.0.2.7",
]
BESIDE = {
    "environment.registry.url": EXTERNAL[:1],
    "environment.registry.username_from": [*EXTERNAL, "environment.registry.password_from=P"],
    "environment.registry.password_from": [*EXTERNAL, "environment.registry.username_from=U"],
    "environment.registry.quotas.window": ["environment.registry.quotas.pulls=5"],
    "environment.cluster.image": ["environment.cluster.provider=kind"],
    "environment.cluster.pull_secret": ["environment.cluster.provider=kind"],
    "environment.cluster.context": EXISTING,
    "environment.cluster.registry_host": EXISTING,
    "environment.cluster.registry_port": EXISTING,
    "environment.cluster.max_parallel_image_pulls": [
        "environment.cluster.serialize_image_pulls=false"
    ],
    "load.rollouts[N].rolling.max_surge": ["environment.cluster.provider=kind"],
    "load.rollouts[N].rolling.max_unavailable": ["environment.cluster.provider=kind"],
    "faults[N].every": ["faults[0].times=2"],
    "faults[N].times": ["faults[0].every=40s"],
    "expect[N].fault": ["expect[0].metric=recovery_time"],
    "abort_when[N].quantile": [
        "abort_when[0].metric=deployment_delay",
        "abort_when[0].above=5m",
    ],
}
SIGNALS = ("url", "command", "every", "timeout")


def place_of(key: Key) -> str:
    return key.path.replace("[N]", "[0]").replace("NAME", "app")


def text_for(key: Key) -> tuple[str, list[str]]:
    """A scenario for the example of `key`, and what is set in it."""
    word, value = key.path.rpartition(".")[2], key.example.partition(": ")[2]
    beside = [*BESIDE.get(key.path, [])]
    text = BASE
    if key.path.startswith("abort_when") and word in SIGNALS:
        text = text.replace(
            "{metric: pull_error_rate, over: 30s, above: 90%}",
            "{over: 30s}"
            if word in ("url", "command")
            else '{url: "http://127.0.0.1/", over: 30s}',
        )
    if word == "below":
        text = text.replace("above: 90%", "below: 10%").replace("pull_error_rate", "pods_ready")
    if key.path == "expect[N].at_least":
        text = text.replace("deployment_delay, at_most: 60s", "pods_ready, at_least: 90%")
    if key.path == "expect[N].fault":
        value = "server_errors-1"
    if word == "cache":
        text = text.replace("  rollbacks: [{of: app, at: 30s}]\n", "")
    if key.path == "name":
        value = "another"
    return text, [*beside, f"{place_of(key)}={value}"]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_is_explained_and_its_example_loads(key: Key) -> None:
    """Meaning, values, default and an example that a scenario takes."""
    assert key.about
    assert key.values
    assert key.default
    text, settings = text_for(key)
    try:
        load_text("f", text, settings)
    except ScenarioError as error:
        pytest.fail(f"{key.example}: {error}")


def test_what_users_look_for_is_found() -> None:
    """By its whole name with numbers and names of one's own, or by a beginning of it."""
    [key] = find("load.pulls[2].arrivals")
    assert (key.default, key.values) == ("constant", "constant or poisson")
    assert [it.path for it in find("images.web.size")] == ["images.NAME.size"]
    assert len(find("environment.registry.quotas")) == 5
    assert find("environment.registry.qotas") == []
    for word in ("token_lifetime", "give_up", "serialize_image_pulls", "users", "arrivals"):
        assert f"`{word}: " in reference_markdown(), word


def test_the_page_is_fresh() -> None:
    """`make docs` makes it."""
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == reference_markdown()
