"""YAML becomes plain data with places; overrides are put in; nothing else gets through."""

from pathlib import Path

import pytest

from harness.scenario.complaints import ScenarioError
from harness.scenario.document import override_all, read_document, read_text


def refusal(text: str, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as error:
        override_all(read_text("f.yaml", text), overrides)
    return str(error.value)


def test_places_are_those_of_keys_and_items() -> None:
    """Lines and columns from 1."""
    document = read_text("f.yaml", "a:\n  b: [1, {c: 2}]\n")
    assert document.data == {"a": {"b": [1, {"c": 2}]}}
    assert document.places == {
        ("a",): (1, 1),
        ("a", "b"): (2, 3),
        ("a", "b", 0): (2, 7),
        ("a", "b", 1): (2, 10),
        ("a", "b", 1, "c"): (2, 11),
    }


def test_a_key_that_is_a_number_keeps_its_place() -> None:
    """Keys are words, whatever they look like."""
    document = read_text("f.yaml", "a: {1: x, true: y}")
    assert document.data == {"a": {"1": "x", "true": "y"}}
    assert document.places["a", "1"] == (1, 5)


def test_anchors_stand_for_what_they_name() -> None:
    """An alias is its own copy, with its own place."""
    document = read_text("f.yaml", "a: &x {k: 1}\nb: *x\n")
    assert document.data == {"a": {"k": 1}, "b": {"k": 1}}


def test_an_anchor_that_is_used_again_names_the_last() -> None:
    """As YAML has it, and without a word of Python's on the terminal."""
    assert read_text("f.yaml", "a: &x 1\nb: &x 2\nc: *x\n").data == {"a": 1, "b": 2, "c": 2}


def test_every_key_that_stands_twice_is_reported() -> None:
    """Also `1` and `"1"`, which are one key here."""
    complaints = read_text("f.yaml", 'a: 1\na: 2\nb: {1: x, "1": y}\n').complaints
    assert [str(it) for it in complaints] == [
        "f.yaml:2:1 a: stands twice, first in line 1",
        "f.yaml:3:11 b.1: stands twice, first in line 3",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "f.yaml:1:6 is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n b: 2", "f.yaml:2:3 is not YAML: mapping values are not allowed here"),
        ("a: *x", "f.yaml:1:4 is not YAML: found undefined alias 'x'"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1 is not YAML: but found another document"),
        ("a: \x07", "f.yaml: is not YAML: unacceptable character #x0007"),
        ("[" * 5000, "f.yaml: is nested too deeply"),
        ("a: &a [*a]", "f.yaml: must be at most 32 levels deep"),
    ],
)
def test_what_is_no_yaml_is_reported_with_its_place(text: str, said: str) -> None:
    """In one line."""
    assert refusal(text).splitlines()[0].startswith(said)


def test_an_alias_bomb_is_not_unfolded() -> None:
    """Nine lines that stand for a billion values."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert refusal("\n".join(lines)) == "f.yaml: must have at most 200,000 values"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name: \xff", "is not UTF-8 text, from byte 6 on"),
        (b"#" * ((4 << 20) + 1), "must be at most 4 MiB"),
    ],
)
def test_files_that_are_no_text_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """By name."""
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    with pytest.raises(ScenarioError) as error:
        read_document(file, ())
    assert str(error.value) == f"{file}: {said}"


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    """With the system's reason."""
    for file, why in ((tmp_path, "Is a directory"), (tmp_path / "no", "No such file or directory")):
        with pytest.raises(ScenarioError, match=f"cannot be read: {why}"):
            read_document(file, ())


@pytest.mark.parametrize(
    ("override", "data"),
    [
        ("a.b[1].c=3", {"a": {"b": [1, {"c": 3}]}}),
        ("a.b.0=[x, y]", {"a": {"b": [["x", "y"], {"c": 2}]}}),
        ("a.d.e=no", {"a": {"b": [1, {"c": 2}], "d": {"e": "no"}}}),
        ("a=", {"a": None}),
        ("a={x: 1}", {"a": {"x": 1}}),
        ("f.a=b=c", {"a": {"b": [1, {"c": 2}]}, "f": {"a": "b=c"}}),
    ],
)
def test_an_override_sets_one_value(override: str, data: object) -> None:
    """Nested, in lists, and where there was nothing."""
    document = read_text("f.yaml", "a: {b: [1, {c: 2}]}")
    override_all(document, [override])
    assert document.data == data


def test_an_override_fills_what_was_left_empty() -> None:
    """`connection_refused:` has no settings until one is set."""
    document = read_text("f.yaml", "faults: [{connection_refused: , at: 1s}]")
    override_all(document, ["faults[0].connection_refused.share=50%"])
    assert document.data["faults"][0]["connection_refused"] == {"share": "50%"}


def test_every_override_that_fits_nowhere_is_reported() -> None:
    """With what it did not fit."""
    assert refusal("a: [1]\nb: 2", "a[1]=2", "a.x=1", "b.c=1", "seed", "=1", "a[²]=1", "x=[") == (
        "--set a[1]=2: '1' is not in the scenario: a is a list of 1, counted from 0\n"
        "--set a.x=1: 'x' is not in the scenario: a is a list of 1, counted from 0\n"
        "--set b.c=1: 'c' is not in the scenario: b is no mapping\n"
        "--set: must be PATH=VALUE, as seed=7, got 'seed'\n"
        "--set: must be PATH=VALUE, as seed=7, got '=1'\n"
        "--set a[²]=1: '²' is not in the scenario: a is a list of 1, counted from 0\n"
        "--set x:1:2 is not YAML: expected the node content, but found '<stream end>'"
    )
