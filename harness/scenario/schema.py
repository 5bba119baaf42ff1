"""The JSON Schema of scenario files, for editors."""

from typing import Any

from harness.faults import Fault, catalogue
from harness.recording.metrics import METRICS
from harness.recording.tally import ABORT_METRICS
from harness.scenario.model import Occurrence, ScenarioBody

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:registry-harness:scenario"


def json_schema() -> dict[str, Any]:
    """The schema, with each fault's settings and words of explanation."""
    body = ScenarioBody.model_json_schema(by_alias=True)
    definitions = body.pop("$defs")
    timing = Occurrence.model_json_schema(by_alias=True)
    definitions |= timing.pop("$defs", {})
    entries = [_entry(word, kind, timing, definitions) for word, kind in catalogue().items()]
    body["properties"]["faults"] = {"type": "array", "items": {"oneOf": entries}}
    definitions["Expectation"]["properties"]["metric"]["enum"] = sorted(METRICS)
    live = sorted(name for name, it in ABORT_METRICS.items() if it.live != "nowhere")
    definitions["Abort"]["properties"]["metric"] = {"enum": live}
    return {"$schema": DIALECT, "$id": IDENTITY, **body, "$defs": dict(sorted(definitions.items()))}


def _entry(
    word: str, kind: type[Fault], timing: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    """The schema of a `faults` entry with this word; the settings go to `definitions`."""
    settings = kind.model_json_schema(by_alias=True)
    definitions |= settings.pop("$defs", {})
    definitions[word] = settings
    wanted = settings.get("required")
    reference = {"$ref": f"#/$defs/{word}"}
    return {
        "type": "object",
        "title": word,
        "properties": {
            word: reference if wanted else {"anyOf": [reference, {"type": "null"}]},
            **timing["properties"],
        },
        "required": [word, *timing["required"]],
        "additionalProperties": False,
    }
