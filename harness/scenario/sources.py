"""What a scenario asks for, in one hash: alike for like experiments, however they are written."""

import hashlib
import json
from typing import Any, Final

from harness.scenario.loading import Scenario

# They say how a run is called, judged or stopped, and not what happens in it, or where this
# machine is found; seed and cluster provider have their own place in a run's description.
_SAID_ELSEWHERE = ("name", "summary", "description", "seed", "expect", "abort_when")
_NOT_CONTENT: Final[dict[str, Any]] = {
    **dict.fromkeys(_SAID_ELSEWHERE, True),
    "environment": {"cluster": dict.fromkeys(("provider", "registry_host", "registry_port"), True)},
}


def content_sha256(scenario: Scenario) -> str:
    """SHA-256 (hex) of all that decides what happens in a run, except the seed.

    Settings that are left out and settings that repeat their default are the same, so that the
    hash outlives a version of the harness that learns another setting.
    """
    body = scenario.body.model_dump(mode="json", exclude=_NOT_CONTENT, exclude_defaults=True)
    faults = [
        {
            "word": entry.word,
            "settings": entry.fault.model_dump(mode="json", exclude_defaults=True),
            "occurrence": entry.occurrence.model_dump(mode="json", exclude_defaults=True),
        }
        for entry in scenario.faults
    ]
    text = json.dumps([body, faults], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
