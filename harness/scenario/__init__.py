"""A scenario file, read strictly: the whole of it is right, or every complaint is reported."""

from harness.scenario.complaints import Complaint, ScenarioError
from harness.scenario.document import read_overrides
from harness.scenario.loading import Scenario, load, load_text, read_held_fault
from harness.scenario.resized import on_nodes
from harness.scenario.schema import json_schema
from harness.scenario.starter import editor_line, starter

__all__ = [
    "Complaint",
    "Scenario",
    "ScenarioError",
    "editor_line",
    "json_schema",
    "load",
    "load_text",
    "on_nodes",
    "read_held_fault",
    "read_overrides",
    "starter",
]
