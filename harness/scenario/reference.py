"""The reference of scenario files, docs/reference.md: every key, made from the models."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from harness.recording.metrics import METRICS
from harness.recording.tally import ABORT_METRICS
from harness.scenario.field_types import Strict
from harness.scenario.model import Occurrence, ScenarioBody
from harness.units import value_text


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a scenario. `path` as `--set` has it, with NAME and N where a user chooses."""

    path: str
    values: str
    default: str
    about: str
    example: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """A mapping of a scenario: what it is, and its keys that are no mappings themselves."""

    path: str
    about: str
    keys: tuple[Key, ...]


def sections() -> Iterator[Section]:
    """All of a scenario, from the outside to the inside."""
    yield from _sections(ScenarioBody, "", "")
    yield from _sections(Occurrence, "faults[N]", "One fault: its name with its settings, and:")


def find(path: str) -> list[Key]:
    """The keys at or below `path`, which may have real names and numbers."""
    wanted = _parts(path)
    keys = [key for section in sections() for key in section.keys]
    return [key for key in keys if _begins(_parts(key.path), wanted)]


def explanation(key: Key) -> str:
    """`key` for a terminal."""
    return "\n".join(
        (
            key.path,
            f"  {key.about}",
            f"  values   {key.values}",
            f"  default  {key.default}",
            f"  example  {key.example}",
        )
    )


def reference_markdown() -> str:
    """docs/reference.md."""
    lines = [
        "# Scenario reference",
        "",
        "Generated from the code by `make docs`; `harness explain KEY` prints the same. Keys are",
        "named as `--set KEY=VALUE` and `--var-file` name them: N counts from 0, NAME is a name of",
        "yours. Durations are written `200ms`, `30s`, `5m`, `6h`; sizes `64MiB` or `64MB`; rates",
        "`2/s`, `90/min`; bandwidths `10MB/s` or `1Gbit/s`; shares `30%` or `0.3`. The faults and",
        "their settings are in [faults.md](faults.md).",
    ]
    for section in sections():
        lines += ["", f"## {f'`{section.path}`' if section.path else 'The file'}", ""]
        lines += [section.about, ""] if section.about else []
        lines += ["| key | values | default | meaning | example |", "|---|---|---|---|---|"]
        for key in section.keys:
            cells = (f"`{key.path}`", key.values, key.default, key.about, f"`{key.example}`")
            lines.append(f"| {' | '.join(it.replace('|', chr(92) + '|') for it in cells)} |")
    lines += ["", "## Metrics", "", "Of `expect[N].metric`; those marked also of `abort_when`.", ""]
    lines += ["| metric | unit | during the run |", "|---|---|---|"]
    for name, metric in sorted(METRICS.items()):
        live = name in ABORT_METRICS and ABORT_METRICS[name].live != "nowhere"
        lines.append(f"| `{name}` | {metric.unit} | {'yes' if live else 'no'} |")
    return "\n".join(lines) + "\n"


def _sections(model: type[BaseModel], path: str, about: str) -> Iterator[Section]:
    keys, inner = [], []
    for name, field in model.model_fields.items():
        word = field.alias or name
        place = f"{path}.{word}" if path else word
        found = _model_in(field.annotation)
        if found is None:
            keys.append(_key(place, name, field))
        else:
            inner.append((found[0], f"{place}{found[1]}", field.description or ""))
    own = inspect.cleandoc(model.__doc__ or "") if path else ""
    text = about if path == "faults[N]" else " ".join(own.split())
    yield Section(path=path, about=text, keys=tuple(keys))
    for kind, place, said in inner:
        yield from _sections(kind, place, said)


def _model_in(annotation: Any) -> tuple[type[BaseModel], str] | None:
    """The model that a key holds, and how its entries are named: `[N]`, `.NAME` or not at all."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation, ""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return next((found for it in inner if (found := _model_in(it))), None)
    if origin in (tuple, dict):
        found = next((found for it in inner if (found := _model_in(it))), None)
        return found and (found[0], "[N]" if origin is tuple else ".NAME")
    return None


def _key(place: str, name: str, field: FieldInfo) -> Key:
    example = field.examples[0] if field.examples else ""
    return Key(
        path=place,
        values=_values(name, field),
        default="required" if field.is_required() else _default(name, field),
        about=field.description or "",
        example=f"{place.rpartition('.')[2]}: {example}",
    )


def _default(name: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), ""):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else value_text(name, value)


_WORDS = (
    ("bytes_per_s", "bytes a second"),
    ("rate_per_s", "rate"),
    ("requests_per_s", "number"),
    ("_s", "duration"),
    ("_bytes", "size"),
)


def _values(name: str, field: FieldInfo) -> str:
    choices = _choices(field.annotation)
    if choices:
        return " or ".join(choices)
    for ending, word in _WORDS:
        if name.endswith(ending):
            return word
    kinds = {bool: "true or false", int: "whole number", float: "number", str: "text"}
    return next((word for kind, word in kinds.items() if _holds(field.annotation, kind)), "any")


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(it) for it in get_args(annotation)]
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        return [str(it) for it in annotation.__members__.values()]
    return [found for it in get_args(annotation) for found in _choices(it)]


def _holds(annotation: Any, kind: type) -> bool:
    return annotation is kind or any(_holds(it, kind) for it in get_args(annotation))


def _parts(path: str) -> list[str]:
    return path.replace("[", ".[").split(".")


def _begins(known: list[str], wanted: list[str]) -> bool:
    return len(known) >= len(wanted) and all(
        one == other or one in ("NAME", "[N]") for one, other in zip(known, wanted, strict=False)
    )
