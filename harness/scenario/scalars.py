"""YAML 1.2's core schema: `no` is a word, `010` is ten, `1:30` is text."""

import re
from typing import Any, Final

_TAG = "tag:yaml.org,2002:"
_TEXT_TAG = f"{_TAG}str"
# What YAML 1.1 made of plain words; they are text here unless the core schema says otherwise.
_PLAIN_TAGS: Final = frozenset(
    {_TEXT_TAG, *(f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "timestamp"))}
) | {f"{_TAG}merge", f"{_TAG}value"}

# YAML 1.2.2, 10.3.2: tag resolution of the core schema
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?[0-9]{1,400}")
_BASED = re.compile(r"0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


def scalar(tag: str, text: str, *, plain: bool) -> Any:
    """The value of a scalar; `plain`: written without quotes. Raises ValueError with the rule."""
    if tag not in _PLAIN_TAGS:
        raise ValueError(f"must have no tag, has {tag.replace(_TAG, '!!')}")
    if not plain or tag == _TEXT_TAG:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
