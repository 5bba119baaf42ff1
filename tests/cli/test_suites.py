"""Many scenarios: which are run, what they are held to, and what is told of them together."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import typer
import xmlschema

from harness.analysis.baseline import Baseline
from harness.cli.baseline_gate import gates_of
from harness.cli.chosen_scenarios import Ordered, chosen, repeats
from harness.cli.options import ClusterChoice
from tests.program import brief, harness
from tests.simulated_repeats import EMPTY

TAGS = {"first": "[nightly]", "second": "[nightly, slow]", "third": "[quick]"}


def scenarios(folder: Path) -> Path:
    """Three brief ones with tags; the second takes much longer than the others."""
    (folder / "scenarios").mkdir()
    for name, tags in TAGS.items():
        text = brief(folder).read_text(encoding="utf-8")
        text = text.replace("name: brief", f"name: {name}\ntags: {tags}")
        if name == "second":
            text = text.replace("    for: 1s", "    for: 90s")
        (folder / "scenarios" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / "scenarios"


def all_of(folder: Path, **choice: Any) -> list[Ordered]:
    return chosen([folder], [], None, ClusterChoice.SCENARIO, None, 1, **choice)


def names(found: Sequence[Ordered]) -> list[str]:
    return [one.plan.scenario for one in found]


@pytest.mark.parametrize(
    ("tags", "shard", "expected"),
    [
        ([], None, ["first", "second", "third"]),
        (["nightly"], None, ["first", "second"]),
        (["slow", "quick"], None, ["second", "third"]),
        ([], "1/2", ["second"]),
        ([], "2/2", ["first", "third"]),
        (["nightly"], "2/2", ["first"]),
        (["nightly"], "3/3", []),
    ],
)
def test_scenarios_are_chosen_by_tag_and_then_dealt_by_planned_time(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tags: list[str],
    shard: str | None,
    expected: list[str],
) -> None:
    """Any of the tags will do; what a shard has is said, and none of a small suite is no error."""
    found = all_of(scenarios(tmp_path), tags=tags, shard=shard)
    assert names(found) == expected
    said = capsys.readouterr().err
    assert (f"shard {shard.replace('/', ' of ')}: {len(expected)} of" in said) if shard else True


@pytest.mark.parametrize(
    ("tags", "shard", "rule"),
    [
        (["nighly"], None, "--tag nighly: no scenario has this tag; the tags are nightly, quick"),
        ([], "4/3", "--shard 4/3: must be K/N"),
    ],
)
def test_a_tag_of_none_and_a_shard_that_is_none_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tags: list[str],
    shard: str | None,
    rule: str,
) -> None:
    with pytest.raises(typer.Exit) as ended:
        all_of(scenarios(tmp_path), tags=tags, shard=shard)
    assert ended.value.exit_code == 2
    assert rule in capsys.readouterr().err


def kept(folder: Path, one: Ordered, *, sha: str = "", cluster: str = "emulated") -> None:
    """A baseline with the name of the scenario."""
    run = replace(
        EMPTY,
        scenario=one.plan.scenario,
        seed=one.plan.seed,
        scenario_sha256=sha or one.content_sha256,
        content=one.content,
        cluster=cluster,
        registry="embedded",
    )
    folder.mkdir(exist_ok=True)
    text = Baseline(name=one.plan.scenario, runs=(run,)).to_json()
    (folder / f"{one.plan.scenario}.json").write_text(text, encoding="utf-8")


def test_each_scenario_is_held_to_the_baseline_of_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without is named and not compared, or refused when asked; no folder is none for all."""
    monkeypatch.chdir(tmp_path)
    planned = all_of(scenarios(tmp_path))
    none = gates_of("kept/", Path("baselines"), planned, required=False)
    assert none == {}
    assert "no baseline for first, second, third: not compared" in capsys.readouterr().err
    kept(tmp_path / "kept", planned[0])
    found = gates_of("kept", Path("baselines"), planned, required=False)
    assert [(path.stem, gate.name) for path, gate in found.items()] == [("first", "first")]
    assert "no baseline for second, third: not compared" in capsys.readouterr().err
    with pytest.raises(typer.Exit):
        gates_of("kept/", Path("baselines"), planned, required=True)
    assert "no baseline for second, third, and --require-baseline" in capsys.readouterr().err


def test_baselines_that_do_not_fit_are_all_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with what differs; and one name is not for many scenarios."""
    planned = all_of(scenarios(tmp_path))
    for one in planned[:2]:
        kept(tmp_path / "kept", one, sha="1")
    with pytest.raises(typer.Exit) as ended:
        gates_of(f"{tmp_path}/kept/", Path("baselines"), planned, required=False)
    assert ended.value.exit_code == 2
    said = capsys.readouterr().err
    assert "baseline:first is not comparable: scenario content differs" in said
    assert "baseline:second is not comparable" in said
    kept(tmp_path / "real", planned[0], cluster="kind")
    with pytest.raises(typer.Exit):
        gates_of(f"{tmp_path}/real/", Path("baselines"), planned, required=False)
    assert "baseline:first is not comparable: cluster provider differs" in capsys.readouterr().err
    with pytest.raises(typer.Exit):
        gates_of("first", tmp_path / "kept", planned, required=False)
    assert "is one baseline, for one scenario, got 3; name a folder" in capsys.readouterr().err


def test_a_run_knows_which_repeat_it_is(tmp_path: Path) -> None:
    planned = all_of(scenarios(tmp_path))
    every = list(repeats(planned, 2))
    assert [one.named for one in every[:3]] == [
        "first, repeat 1 of 2",
        "first, repeat 2 of 2",
        "second, repeat 1 of 2",
    ]
    assert every[0].about["repeat"]["group"] == every[1].about["repeat"]["group"]
    (only,) = repeats(planned[:1], 1)
    assert (only.named, "repeat" in only.about) == ("first", False)


def test_a_suite_is_reported_block_by_block_and_once_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two repeats: console, JUnit, the table, what CI is told, and a baseline from all of it."""
    path = scenarios(tmp_path) / "first.yaml"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    done = harness("run", path, "--repeat", "2", "--junit", "out/all.xml", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for number in (1, 2):
        title = f"first, repeat {number} of 2 (run {number} of 2)"
        assert f"== {title} ==" in done.stdout
        assert f"{title}:" in done.stderr
    assert done.stdout.splitlines()[-1].startswith("1 scenario, 2 runs, ")
    text = (tmp_path / "out" / "all.xml").read_text(encoding="utf-8")
    junit = Path(__file__).parents[1] / "report" / "junit.xsd"
    xmlschema.XMLSchema(junit).validate(text)
    assert len(ET.fromstring(text).findall("testsuite")) == 2  # noqa: S314  our own file
    (suite,) = (tmp_path / "reports").glob("suite-*")
    rows = json.loads((suite / "suite.json").read_text(encoding="utf-8"))
    assert [(row["scenario"], row["repeats"]) for row in rows] == [("first", 2)]
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# Suite")
    assert "## " not in summary
    added = harness("baseline", "add-each", "reports", folder=tmp_path)
    assert added.stdout == "baselines/first.json: 2 runs of first\n"
    assert harness("baseline", "add-each", "reports", "--missing", folder=tmp_path).stdout == ""
