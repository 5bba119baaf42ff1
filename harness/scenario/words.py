"""Pydantic's findings in the words of a scenario's author."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel

from harness.scenario.complaints import Path, did_you_mean, got

# pydantic's types of errors whose own words are Python's
_PLAIN: Final = {
    "too_short": "must not be empty",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "model_type": "must be a mapping",
    "string_type": "must be text",
    "tuple_type": "must be a list",
}
# Keys that a model does not read itself.
_ELSEWHERE: Final = {("ScenarioBody", 1): ["faults"]}


def rule_of(problem: Mapping[str, Any], kind: type[BaseModel], at: Path) -> tuple[Path, str]:
    """The path of `problem`, found while validating `kind` at `at`, and the rule that it breaks."""
    path: Path = tuple(problem["loc"])
    match problem["type"]:
        case "extra_forbidden":
            known = _keys(kind, path[:-1]) + _ELSEWHERE.get((kind.__name__, len(path)), [])
            rule = f"is not a key here{did_you_mean(str(path[-1]), known)}"
        case "missing":
            rule = "is required"
        case _:
            rule = f"{_said(problem)}, got {got(problem['input'])}"
    return (*at, *_without_tags(path)), rule


def _said(problem: Mapping[str, Any]) -> str:
    """The rule of pydantic's `problem` in the words of YAML."""
    if plain := _PLAIN.get(problem["type"]):
        return plain
    said = str(problem["msg"]).removeprefix("Value error, ")
    said = re.sub(r"^Input should be (a |an )?(valid )?", "must be ", said)
    if problem["type"] in ("literal_error", "enum"):
        return said.replace("'", "") + _near(problem)
    return said[0].lower() + said[1:]


def _near(problem: Mapping[str, Any]) -> str:
    choices = re.findall(r"'([^']+)'", problem["ctx"]["expected"])
    by_small_letters = {choice.lower(): choice for choice in choices}
    near = get_close_matches(str(problem["input"]).lower(), by_small_letters, n=1)
    return f", did you mean {by_small_letters[near[0]]}?" if near else ""


def _without_tags(path: Path) -> Path:
    """A union puts the name of its member behind the key: no part of the file."""
    tags = {"str", "int", "float", "bool", "[key]"}
    return tuple(step for step in path if not isinstance(step, str) or step not in tags)


def _keys(kind: Any, path: Path) -> list[str]:
    """The keys that the model at `path` below `kind` knows."""
    for step in path:
        kind = _below(kind, step)
    model = _model(kind)
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _below(kind: Any, step: str | int) -> Any:
    model = _model(kind)
    if isinstance(step, str) and model is not None:
        for name, field in model.model_fields.items():
            if step in (name, field.alias):
                return field.annotation
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    return arguments[-1] if arguments else None


def _model(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    models = [_model(argument) for argument in get_args(kind)]
    return next((model for model in models if model is not None), None)
