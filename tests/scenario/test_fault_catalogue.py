"""The fault catalogue for readers is generated, fresh and whole."""

import re
from pathlib import Path

from harness.faults import catalogue
from harness.scenario.fault_catalogue import explain, faults_markdown, overview

ROOT = Path(__file__).parents[2]


def test_the_committed_page_is_fresh() -> None:
    """`make docs` writes it."""
    committed = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert committed == faults_markdown(), "run `make docs`"


def test_the_overview_has_each_fault_once_under_its_area() -> None:
    """With its first sentence, all of them in one column."""
    lines = overview().splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(named) == sorted(catalogue())
    columns = [re.match(r"  \w+ +", line) for line in lines if line.startswith("  ")]
    assert len({found and found.end() for found in columns}) == 1
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == sorted({fault.area for fault in catalogue().values()}, key=str.lower)


def test_a_fault_is_explained_with_its_settings_and_an_example() -> None:
    """All that is needed to use it."""
    assert explain("latency").splitlines()[0] == "latency (connectivity)"
    for words in (
        "delay        required; as 200ms; how late each chunk comes",
        "share        default 100 %;",
        "where        nodes",
        "- latency: {delay: 200ms, jitter: 50ms}",
        "Seen as: slower pulls",
    ):
        assert words in explain("latency")


def test_every_setting_is_described() -> None:
    """In the page, by its word in the file."""
    page = faults_markdown()
    for fault in catalogue().values():
        for name, field in fault.model_fields.items():
            assert field.description, f"{fault.word}.{name}: has no description"
            assert f"| `{field.alias or name}` |" in page
