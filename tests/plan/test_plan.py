"""A plan is pure data: the same bytes for the same scenario and seed, with every sum exact."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.load.orders import REGISTRY_NAME
from harness.oci.images import plan_image
from harness.plan.plan import Plan, build_plan, planned_where
from harness.scenario import load, load_text, read_held_fault
from harness.seams import RequestKind, Where

ROOT = Path(__file__).parents[2]
SCENARIO_FOLDER = Path(__file__).parents[2] / "scenarios"
SCENARIOS = sorted(SCENARIO_FOLDER.rglob("*.yaml"))

TEXT = """\
name: x
seed: 7
environment: {registry: {auth: AUTH}, cluster: {nodes: 3}}
images:
  app: {size: 8MiB, layers: 4}
  big: {size: 20MiB, layers: 2, platforms: [linux/amd64, linux/arm64]}
load:
  give_up: 40s
  rollouts:
    - {name: app, image: app, replicas: 7, at: 1s, repeat: 2, every: 10s}
    - {name: big, image: big, replicas: 2, at: 5s, repeat: 2, every: 5s, cache: warm}
    - {name: always, image: app, replicas: 4, at: 3s, pull_policy: Always}
  pulls:
    - {image: app, rate: 2/s, users: 3, at: 2s, for: 5s}
    - {image: app, rate: 1/s, arrivals: poisson}
  pushes:
    - {size: 1MB, rate: 0.5/s, at: 4s, for: 8s}
faults:
  - {dns_refused: , at: 4s, for: 2s, every: 10s, times: 2, where: {nodes: "0,clients"}}
  - {corrupted_blob: {share: 50%}, at: 4s, for: 1s, where: {layers: 1-2, repository: app}}
  - {dns_refused: , at: 7s, for: 1s}
expect:
  - {metric: pods_ready, at_least: 99%}
  - {metric: deployment_delay, quantile: 0.5, at_most: 1m}
abort_when:
  - {metric: pull_error_rate, over: 9s, above: 50%}
"""


def plan(auth: str = "token", seed: int | None = None) -> Plan:
    return build_plan(load_text("f", TEXT.replace("AUTH", auth)), seed)


def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    """Whatever order Python's hashes have; another seed gives another plan."""
    assert plan().to_json() == plan().to_json() == plan(seed=7).to_json()
    assert plan().to_json() != plan(seed=8).to_json()
    code = "import sys; from harness.plan.plan import *; from harness.scenario import load_text\n"
    code += "sys.stdout.write(build_plan(load_text('f', sys.stdin.read())).to_json())"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=TEXT.replace("AUTH", "token"),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {plan().to_json()}


def test_another_seed_changes_images_places_and_arrivals() -> None:
    """Not what is asked for."""
    one, other = plan(seed=1), plan(seed=2)
    assert {spec.seed for spec in one.images} == {1}
    assert one.load.pulls[1].due_s != other.load.pulls[1].due_s
    places = [[pod.node for it in p.load.rollouts for pod in it.pods] for p in (one, other)]
    assert places[0] != places[1]
    assert one.load.pulls[0] == other.load.pulls[0]
    assert one.expected.pods == other.expected.pods


def test_pods_are_spread_over_the_nodes() -> None:
    """No node has two more than another, in any round; rounds begin at different nodes."""
    rollouts = plan().load.rollouts
    for rollout in rollouts:
        held = Counter(pod.node for pod in rollout.pods)
        counts = [held[node] for node in ("node-0", "node-1", "node-2")]
        assert max(counts) - min(counts) <= 1
    assert [len(it.pods) for it in rollouts] == [7, 7, 2, 2, 4]
    assert len({pod.pod for it in rollouts for pod in it.pods}) == 22


def test_each_cold_round_is_a_new_version_and_a_warm_one_is_not() -> None:
    """Background clients pull the first version."""
    made = plan()
    images = {it.rollout: it.image.removeprefix(f"{REGISTRY_NAME}/") for it in made.load.rollouts}
    assert images == {
        "app-1": "app:v1",
        "app-2": "app:v2",
        "big-1": "big:v1",
        "big-2": "big:v1",
        "always-1": "app:v3",
    }
    assert {it.image for it in made.load.pulls} == {f"{REGISTRY_NAME}/app:v1"}
    assert sorted((it.name, it.version) for it in made.images) == [
        ("app", 1),
        ("app", 2),
        ("app", 3),
        ("big", 1),
    ]


def test_due_times_are_within_their_stream() -> None:
    """A stream without an end of its own goes on for 15 s after the last step, at 16 s."""
    first, second = plan().load.pulls
    assert first.due_s == tuple(2.0 + n / 2 for n in range(10))
    assert list(second.due_s) == sorted(second.due_s)
    assert 20 < second.due_s[-1] < 31
    assert plan().load.pushes[0].due_s == (4.0, 6.0, 8.0, 10.0)


@pytest.mark.parametrize(("auth", "tokens", "again"), [("token", 4, 3), ("none", 0, 1)])
def test_expected_bytes_and_requests_are_the_images_own(auth: str, tokens: int, again: int) -> None:
    """Each node pulls an image once; clients are always cold; Always asks once more a pod."""
    made = plan(auth)
    specs = {f"{it.name}:{it.tag}": plan_image(it) for it in made.images}
    clients = sum(len(it.due_s) for it in made.load.pulls)
    pulls = {"app:v1": 3 + clients, "app:v2": 3, "app:v3": 3}
    pulls["big:v1"] = len(
        {pod.node for it in made.load.rollouts if it.name == "big" for pod in it.pods}
    )
    expected = made.expected
    assert (expected.pods, expected.pulls, expected.pushes) == (22, sum(pulls.values()), 4)
    assert expected.pushed_bytes == 4_000_000
    assert expected.pulled_bytes == sum(n * specs[name].total_bytes for name, n in pulls.items())
    assert expected.requests == again + sum(
        n * (specs[name].total_requests + tokens) for name, n in pulls.items()
    )
    assert made.disk_bytes == sum(it.stored_bytes for it in specs.values())


def test_faults_have_an_id_a_time_and_a_scope() -> None:
    """In the order of their times; each occurrence is one step, each entry one number."""
    assert [(it.id, it.occurrence, it.at_s, it.ends_s) for it in plan().faults] == [
        ("corrupted_blob-1", 1, 4.0, 5.0),
        ("dns_refused-1", 1, 4.0, 6.0),
        ("dns_refused-2", 1, 7.0, 8.0),
        ("dns_refused-1", 2, 14.0, 16.0),
    ]
    corrupted, refused = plan().faults[:2]
    assert corrupted.where == Where(repository="app", layers=(1, 2))
    assert refused.where == Where(nodes=("node-0", "clients"))


def test_kinds_and_selections_become_the_seams_words() -> None:
    """What `where` says in the file."""
    entry = read_held_fault("{truncated_blob: , where: {kinds: [blob], layers: 3, nodes: 1}}", 2)
    assert planned_where(entry, 2) == Where(
        kinds=(RequestKind.BLOB,), layers=(3,), nodes=("node-1",)
    )


def test_limits_are_in_their_unit() -> None:
    """Seconds and shares."""
    ready, delay = plan().expectations
    assert (ready.at_least, ready.at_most) == (0.99, None)
    assert (delay.at_most, delay.quantile) == (60.0, 0.5)
    (abort,) = plan().abort_when
    assert (abort.above, abort.over_s, abort.text) == (0.5, 9.0, "above 50% over 9 s")


def test_pods_have_the_time_to_give_up_after_the_last_step_of_all() -> None:
    """Background load that outlasts the faults counts."""
    made = plan()
    assert made.steps_end_s == made.load.pulls[1].due_s[-1]
    assert made.ends_s == made.load.until_s == made.steps_end_s + 40.0


def test_the_json_holds_every_step_and_no_secret() -> None:
    """With settings under the names that carry units."""
    told = json.loads(plan().to_json())
    assert told["faults"][0]["settings"] == {"on": "wire", "flip_bytes": 1, "share": 0.5}
    assert len(told["load"]["rollouts"]) == 5
    assert "password" not in plan().to_json()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_shipped_scenario_plans(path: Path) -> None:
    """It is called as its file, teaches the editor its schema, and ends in reasonable time."""
    made = build_plan(load(path))
    assert made.scenario == path.stem
    assert made.steps_end_s <= 150
    assert made.faults or made.registry.limits or made.least_times  # what goes wrong
    assert made.expectations
    first = path.read_text(encoding="utf-8").splitlines()[0]
    up = "../" * len(path.relative_to(SCENARIO_FOLDER).parts)
    assert first == f"# yaml-language-server: $schema={up}harness/scenario.schema.json"
