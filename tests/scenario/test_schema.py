"""The JSON Schema is what the code says, and takes what the reader takes."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its types are in a package of their own
import pytest
from ruamel.yaml import YAML

from harness.faults import catalogue
from harness.scenario.schema import json_schema
from harness.scenario.starter import starter

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "scenarios").rglob("*.yaml"))


def mistakes(text: str) -> list[str]:
    data: Any = YAML(typ="safe", pure=True).load(text)
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.json_path for error in validator.iter_errors(data)]


def test_the_committed_schema_is_fresh() -> None:
    """`make docs` writes it; editors read it."""
    committed = (ROOT / "harness" / "scenario.schema.json").read_text(encoding="utf-8")
    assert committed == json.dumps(json_schema(), indent=2) + "\n", "run `make docs`"


def test_it_is_a_schema() -> None:
    """Of the dialect that it names, with every fault."""
    jsonschema.Draft202012Validator.check_schema(json_schema())
    entries = json_schema()["properties"]["faults"]["items"]["oneOf"]
    assert [entry["title"] for entry in entries] == list(catalogue())


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios_are_valid(path: Path) -> None:
    """As an editor sees them."""
    assert mistakes(path.read_text(encoding="utf-8")) == []


def test_the_starter_and_all_examples_are_valid() -> None:
    """Each fault with its example, and those without required settings with none."""
    text = starter("x").partition("faults:")[0]
    for word, fault in catalogue().items():
        assert mistakes(f"{text}faults: [{{{word}: {fault.example}, at: 1s, for: 1s}}]") == []
    assert mistakes(f"{text}faults: [{{dns_refused: , at: 1s, for: 1s}}]") == []


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("sed: 1", "$"),
        ("seed: -1", "$.seed"),
        ("environment: {link: no}", "$.environment.link"),
        ("expect: [{metric: speed, at_most: 1s}]", "$.expect[0].metric"),
        ("faults: [{latency: {delay: 200}, at: 1s, for: 1s}]", "$.faults[0]"),
        ("faults: [{latency: {delay: 1s}, at: 1, for: 1s}]", "$.faults[0]"),
        ("faults: [{latency: , at: 1s, for: 1s}]", "$.faults[0]"),
    ],
)
def test_mistakes_are_marked(more: str, where: str) -> None:
    """Where an editor underlines them."""
    text = starter("x").replace("seed: 1\n", "").partition("faults:")[0]
    text = text.replace("environment:\n  cluster: {provider: emulated, nodes: 4}\n", "")
    assert where in mistakes(f"{text}{more}")
