"""`findings.json` is JSON that any parser reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.analysis import RecordedRun, analyse
from harness.analysis.json_values import plain
from tests.recordings import outage


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (0.1 + 0.2, 0.3),
        ((1, {"a": (2.0,)}), [1, {"a": [2.0]}]),
        ({1: "x"}, {"1": "x"}),
        ("\ud800", "?"),
    ],
)
def test_what_json_lacks_is_replaced(value: object, told: object) -> None:
    """Without NaN, infinities, tuples, odd keys and half characters."""
    assert plain(value) == told


def test_the_json_is_strict_and_the_same_again(tmp_path: Path) -> None:
    """No NaN, and a second analysis of the recording says the same."""
    folder = outage(healed=False).write(tmp_path / "run")
    text = analyse(RecordedRun.load(folder)).findings.to_json()

    def refuse(constant: str) -> Any:
        raise AssertionError(constant)

    findings = json.loads(text, parse_constant=refuse)
    assert findings["format"] == 1
    assert findings["run"]["link_kind"] == "embedded"
    assert text == analyse(RecordedRun.load(folder)).findings.to_json()
