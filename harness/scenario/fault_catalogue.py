"""The fault catalogue for readers: a list, one explained, and docs/faults.md."""

import inspect
from collections.abc import Iterable, Iterator

from harness.faults import Fault, catalogue
from harness.units import value_text


def overview() -> str:
    """Every fault with its sentence, by area."""
    known = catalogue()
    width = max(map(len, known))
    lines = []
    for area, words in _by_area():
        lines += ["", area, *(f"  {word:<{width}} {_sentence(known[word])}" for word in words)]
    return "\n".join(lines[1:])


def explain(word: str) -> str:
    """One fault whole: what it is, its settings, where it can be narrowed, an example."""
    fault = catalogue()[word]
    return "\n".join(
        [
            f"{word} ({fault.area})",
            "",
            inspect.cleandoc(fault.__doc__ or ""),
            "",
            "settings",
            *(f"  {name:<12} {about}" for name, about in _settings(fault)),
            "",
            f"where        {', '.join(sorted(fault.where_keys))}",
            "",
            "example",
            *(f"  {line}" for line in _example(word, fault)),
        ]
    )


def faults_markdown() -> str:
    """docs/faults.md."""
    lines = [
        "# Faults",
        "",
        "Generated from the code by `make docs`; `harness faults NAME` prints the same.",
    ]
    for area, words in _by_area():
        lines += ["", f"## {area[0].upper()}{area[1:]}"]
        for word in words:
            fault = catalogue()[word]
            lines += ["", f"### `{word}`", "", inspect.cleandoc(fault.__doc__ or ""), ""]
            lines += ["| setting | |", "|---|---|"]
            lines += [f"| `{name}` | {about} |" for name, about in _settings(fault)]
            lines += ["", f"`where` takes {', '.join(f'`{key}`' for key in _keys(fault))}.", ""]
            lines += ["```yaml", "faults:", *(f"  {line}" for line in _example(word, fault)), "```"]
    return "\n".join(lines) + "\n"


def _by_area() -> Iterator[tuple[str, list[str]]]:
    known = catalogue()
    for area in sorted({fault.area for fault in known.values()}, key=str.lower):
        yield area, [word for word, fault in known.items() if fault.area == area]


def _sentence(fault: type[Fault]) -> str:
    return inspect.cleandoc(fault.__doc__ or "").split("\n", 1)[0]


def _settings(fault: type[Fault]) -> Iterator[tuple[str, str]]:
    """Each setting's scenario word, and its type, default and description."""
    properties = fault.model_json_schema(by_alias=True)["properties"]
    for name in fault.setting_names():
        field = fault.model_fields[name]
        word = field.alias or name
        schema = properties[word]
        default = "required" if field.is_required() else f"default {_default(name, field.default)}"
        about = [default, _choices(schema), schema.get("description", "")]
        yield word, "; ".join(part for part in about if part)


def _default(name: str, value: object) -> str:
    return "none" if value is None else value_text(name, value)


def _choices(schema: dict[str, object]) -> str:
    choices: object = schema.get("enum")
    if isinstance(choices, list):
        return " or ".join(map(str, choices))
    examples = schema.get("examples")
    return f"as {examples[0]}" if isinstance(examples, list) else ""


def _keys(fault: type[Fault]) -> Iterable[str]:
    return sorted(fault.where_keys)


def _example(word: str, fault: type[Fault]) -> list[str]:
    settings = "" if fault.example == "{}" else f" {fault.example}"
    return [f"- {word}:{settings}", "  at: 20s", "  for: 30s"]
