"""What a scenario asks for: as one hash, alike however it is written, and key by key."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.scenario.complaints import Path, dotted
from harness.scenario.loading import Scenario

# They say how a run is called, judged or stopped, and not what happens in it, or where this
# machine is found; seed and cluster provider have their own place in a run's description.
_SAID_ELSEWHERE = ("name", "summary", "description", "tags", "seed", "expect", "abort_when")
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
    _drop_if_empty(body, "environment", "cluster")  # only its provider was chosen
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


def _drop_if_empty(body: dict[str, Any], outer: str, inner: str) -> None:
    if body.get(outer, {}).get(inner) == {}:
        del body[outer][inner]
    if body.get(outer) == {}:
        del body[outer]


def content_keys(scenario: Scenario) -> dict[str, str]:
    """What the hash is made from, as the file and `--set` say it: `images.app.size` to `32MiB`."""
    keys = {dotted(path): text for path, text in _leaves(scenario.document.data, (), _NOT_CONTENT)}
    nodes = scenario.body.environment.cluster.nodes  # `--nodes` may have made them fewer
    return keys | {"environment.cluster.nodes": str(nodes)}


def _leaves(value: Any, path: Path, without: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict | list) and value:
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in steps:
            leave_out = without.get(str(step), {})
            if leave_out is not True:
                yield from _leaves(inner, (*path, step), leave_out)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)
