"""The small parts of reading a scenario: selections, hints, stand-ins, sums."""

import pytest

from harness.scenario.checks import limit
from harness.scenario.complaints import Complaint, did_you_mean, dotted, got
from harness.scenario.extent import last_step_s, round_at_s, spans_of
from harness.scenario.load_model import Load, Rollout
from harness.scenario.loading import load_text
from harness.scenario.model import Image, Occurrence, ScenarioBody
from harness.scenario.salvage import salvage
from harness.scenario.selections import node_names, numbers
from harness.scenario.words import rule_of


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("0", (0,)), ("0-3", (0, 1, 2, 3)), ("3, 0-1,1", (0, 1, 3)), ("9", (9,))],
)
def test_selections_are_numbers_and_ranges(text: str, chosen: tuple[int, ...]) -> None:
    """In order, each once."""
    assert numbers(text, 10, "layers") == chosen


@pytest.mark.parametrize("text", ["", "10", "3-1", "-1", "1-", "a", "1;2", "0x1", "1,,2", "²"])
def test_selections_of_what_is_not_there_are_refused(text: str) -> None:
    """With the rule."""
    with pytest.raises(ValueError, match=r"^must be "):
        numbers(text, 10, "layers")


def test_the_clients_are_a_node_too() -> None:
    """Besides the numbered ones; None selects nothing, which means all."""
    assert node_names("clients,0", 4) == ("node-0", "clients")
    assert node_names("clients", 4) == ("clients",)
    assert node_names(None, 4) == ()


def test_hints_name_the_nearest_or_all() -> None:
    """And nothing where nothing is known."""
    assert did_you_mean("latncy", ["latency", "bandwidth"]) == ", did you mean latency?"
    assert did_you_mean("zzz", ["b", "a"]) == ", known: a, b"
    assert did_you_mean("zzz", []) == ""


def test_values_are_shown_as_written_and_cut() -> None:
    """YAML's words, not Python's."""
    assert [got(value) for value in (None, True, "a", 1.5)] == ["nothing", "true", "'a'", "1.5"]
    assert len(got("x" * 500)) < 70


def test_a_complaint_is_one_line() -> None:
    """Place, key, rule."""
    assert str(Complaint(place="f:1:2", key=dotted(("a", 0, "b")), rule="no")) == "f:1:2 a[0].b: no"


def test_salvage_puts_something_right_in_the_place_of_what_is_wrong() -> None:
    """Lists keep their length; what is right stays."""
    load = salvage(
        Load,
        {
            "rollouts": [
                {"name": 3, "image": "a", "replicas": 0, "x": 1},
                {"name": "b", "image": "a", "replicas": 7, "pull_policy": "Never"},
            ],
            "give_up": 5,
        },
    )
    assert load is not None
    assert [it.replicas > 0 for it in load.rollouts] == [True, True]
    assert (load.rollouts[1].replicas, load.rollouts[1].pull_policy) == (7, "IfNotPresent")


def test_salvage_gives_up_where_nothing_fits() -> None:
    """Then the rest is not judged."""
    assert salvage(Load, 3) is None
    assert salvage(ScenarioBody, {"images": {}}) is not None


def test_a_key_of_a_union_is_not_told_with_pydantics_tags() -> None:
    """`where.nodes`, not `where.nodes.str`."""
    problem = {"loc": ("where", "nodes", "str"), "type": "string_type", "input": [1]}
    assert rule_of(problem, Occurrence, ("faults", 0)) == (
        ("faults", 0, "where", "nodes"),
        "must be text, got [1]",
    )


def test_limits_are_in_their_metrics_unit() -> None:
    """Seconds or shares."""
    assert limit("90s", "s") == 90.0
    assert limit("99%", "share") == 0.99


def test_the_last_step_is_the_latest_of_all_kinds() -> None:
    """Rounds, heals, and background load with an end."""
    text = """\
name: x
images: {app: {size: 1MiB}}
load:
  rollouts: [{name: a, image: app, replicas: 1, at: 5s, repeat: 3, every: 10s}]
  pulls: [{image: app, rate: 1/s, at: 10s, for: PULLS}, {image: app, rate: 1/s, at: 3s}]
faults: [{dns_refused: , at: 2s, for: 4s, every: 10s, times: TIMES}]
"""
    for pulls, times, last_s in (("5s", "1", 25.0), ("30s", "1", 40.0), ("5s", "5", 46.0)):
        scenario = load_text("f", text.replace("PULLS", pulls).replace("TIMES", times))
        assert last_step_s(scenario.body, scenario.faults) == last_s
    assert spans_of(scenario.faults[0])[:2] == [(2.0, 6.0), (12.0, 16.0)]
    assert round_at_s(scenario.body.load.rollouts[0], 3) == 25.0


def test_models_take_the_files_words_only() -> None:
    """`size`, not `size_bytes`: one way to write a thing."""
    assert Image.model_validate({"size": "1MiB"}).size_bytes == 1 << 20
    with pytest.raises(ValueError, match="size_bytes"):
        Image.model_validate({"size_bytes": 1})
    assert Rollout.model_validate({"name": "a", "image": "b", "replicas": 1}).repeat == 1
