"""The registry of a plan: what the scenario leaves open, and its keys in plan.json."""

import json

from harness.environment.registry_settings import RegistrySettings
from harness.plan.plan import build_plan
from harness.registry.profile import Limits
from harness.registry.profiles import PROFILES
from harness.scenario import load_text

SCENARIO = """
name: keys
summary: A registry with settings.
environment: {registry: REGISTRY}
images:
  app: {size: 1MiB}
load:
  rollouts: [{name: app, image: app, replicas: 1}]
"""


def test_settings_that_are_left_open_are_those_of_the_profile() -> None:
    """Its tokens live as long as theirs do; nobody logs in behind it."""
    chosen = "{profile: harbor, quotas: {tags: 3}}"
    planned = build_plan(load_text("keys", SCENARIO.replace("REGISTRY", chosen))).registry
    assert planned == RegistrySettings(
        profile="harbor",
        limits=Limits(tags=3),
        token_lifetime_s=PROFILES["harbor"].token_lifetime_s,
    )


def test_plan_json_keeps_its_keys() -> None:
    """Old recordings and the scripts of users read them."""
    chosen = "{tls: true, port: 5000, auth: none, token_lifetime: 60s}"
    plan = json.loads(build_plan(load_text("keys", SCENARIO.replace("REGISTRY", chosen))).to_json())
    assert plan["registry"] == {"provider": "embedded", "url": "", "login_from": None}
    of_registry = {key: plan[key] for key in plan if key.startswith(("registry_", "token_"))}
    assert of_registry == {
        "registry_auth": "none",
        "registry_limits": None,
        "registry_port": 5000,
        "registry_profile": "generic",
        "registry_tls": True,
        "token_lifetime_s": 60.0,
    }
