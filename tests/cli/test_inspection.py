"""`check`, `plan`, `schema`, `faults`, `explain` and `new` answer, and change nothing."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import inspection
from harness.cli.inspection import read_plan

GOOD = """\
name: NAME
images: {app: {size: 8MiB, layers: 2}}
load: {rollouts: [{name: app, image: app, replicas: 2}]}
expect: [{metric: pods_ready, at_least: 100%}]
"""


def harness(*words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    import typer  # noqa: PLC0415  only to make an app of these verbs

    app = typer.Typer()
    inspection.add_to(app)
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD.replace("NAME", "good"), encoding="utf-8")
    return file


def test_check_tells_each_file(tmp_path: Path, good: Path) -> None:
    """Results on stdout, every complaint on stderr, and 2 when there is one."""
    assert harness("check", str(good)) == (0, f"{good}: ok\n", "")
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD.replace("NAME", "worse").replace("2}]", "0}]"), encoding="utf-8")
    code, out, err = harness("check", str(tmp_path))
    assert (code, out) == (2, f"{good}: ok\n")
    assert [line.partition(" ")[0] for line in err.splitlines()] == [f"{bad}:3:43"]


def test_check_tells_programs_in_one_object(tmp_path: Path, good: Path) -> None:
    """With line and column of what stands in a file, and without them for an override."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD.replace("2}]", "0}]").partition("expect")[0], encoding="utf-8")
    unsure = tmp_path / "unsure.yaml"
    unsure.write_text(GOOD.partition("expect")[0].replace("NAME", "unsure"), encoding="utf-8")
    code, out, err = harness("check", "--json", str(bad), str(good), str(unsure))
    assert (code, err) == (2, "")
    told = json.loads(out)
    assert told["ok"] is False
    assert [Path(it["file"]).stem for it in told["files"]] == ["bad", "good", "unsure"]
    assert [[one["severity"] for one in it["problems"]] for it in told["files"]] == [
        ["error", "error"],
        [],
        ["warning"],
    ]
    assert told["files"][0]["problems"][1] == {
        "severity": "error",
        "place": f"{bad}:3:43",
        "line": 3,
        "column": 43,
        "key": "load.rollouts[0].replicas",
        "rule": "must be greater than or equal to 1, got 0",
    }
    bad.write_text("name: bad\nload: [\n", encoding="utf-8")
    [problem] = json.loads(harness("check", "--json", str(bad))[1])["files"][0]["problems"]
    assert (problem["place"], problem["line"], problem["column"]) == (f"{bad}:3:1", 3, 1)
    _, out, _ = harness("check", "--json", str(good), "--set", "seed=-1")
    [problem] = json.loads(out)["files"][0]["problems"]
    assert (problem["place"], problem["line"]) == ("--set seed=-1", None)


def test_a_name_that_two_scenarios_have_is_warned_of(tmp_path: Path, good: Path) -> None:
    """A copy need not be renamed, but tables and baselines tell runs by their scenario's name."""
    copy = tmp_path / "more.yaml"
    copy.write_text(good.read_text(encoding="utf-8"), encoding="utf-8")
    assert harness("check", str(copy)) == (0, f"{copy}: ok\n", "")
    code, _, err = harness("check", str(good), str(copy), str(copy))
    assert code == 0
    said = f"warning: {copy}:1:1 name: is also that of {good}:1:1: tables"
    assert [line.startswith(said) for line in err.splitlines()] == [True, True]


def test_check_of_what_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    """In one sentence."""
    code, out, err = harness("check", str(tmp_path / "no.yaml"))
    assert (code, out, err) == (2, "", f"{tmp_path / 'no.yaml'}: no such file or folder\n")


def test_plan_is_shown_or_printed(good: Path) -> None:
    """The text for people, the JSON for programs."""
    code, out, _ = harness("plan", str(good), "--set", "environment.cluster.nodes=16")
    assert code == 0
    assert "nodes     16 emulated" in out
    code, out, _ = harness("plan", str(good), "--json", "--seed", "9")
    assert code == 0
    assert json.loads(out)["seed"] == 9
    assert out == read_plan(good, [], 9)[0].to_json() + "\n"


def test_warnings_refuse_nothing(tmp_path: Path) -> None:
    """They have a place on stderr, and are in the plan's JSON by key."""
    file = tmp_path / "unsure.yaml"
    unsure = "faults: [{corrupted_blob: {share: 1%}, at: 0s, for: 9s}]\n"
    file.write_text(GOOD.replace("NAME", "unsure") + unsure, encoding="utf-8")
    said = "affects none of the 6 requests expected with a probability of 94%"
    assert harness("check", str(file))[:2] == (0, f"{file}: ok\n")
    for verb in ("check", "plan"):
        start = f"warning: {file}:5:11 faults[0].corrupted_blob: {said}"
        assert harness(verb, str(file))[2].startswith(start)
    [warning] = json.loads(harness("plan", str(file), "--json")[1])["warnings"]
    assert warning["key"] == "faults[0].corrupted_blob"
    assert warning["text"].startswith(said)


def test_plan_of_a_wrong_override_is_a_usage_error(good: Path) -> None:
    """With the override as its place."""
    code, out, err = harness("plan", str(good), "--set", "seed=x")
    assert (code, out) == (2, "")
    assert err == "--set seed=x seed: must be a whole number, got 'x'\n"


def test_schema_is_json() -> None:
    """For an editor."""
    code, out, _ = harness("schema")
    assert code == 0
    assert json.loads(out)["$schema"].startswith("https://json-schema.org/")


def test_faults_are_listed_and_explained() -> None:
    """And the nearest is offered for one that is not known."""
    assert "dns_timeout" in harness("faults")[1]
    assert harness("faults", "latency")[1].startswith("latency (connectivity)\n")
    code, out, err = harness("faults", "latncy")
    assert (code, out, err) == (2, "", "latncy: no such fault; did you mean latency?\n")


def test_new_writes_a_scenario_that_checks_and_never_overwrites(tmp_path: Path) -> None:
    """By the name of its file."""
    file = tmp_path / "mine.yaml"
    assert harness("new", str(file))[0] == 0
    assert harness("check", str(file))[:2] == (0, f"{file}: ok\n")
    code, _, err = harness("new", str(file))
    assert (code, err) == (2, f"{file}: already exists; choose another name\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Mine.yaml", "must be lower-case letters and digits"),
        ("my scenario.yaml", "must be lower-case letters and digits"),
        ("no/such/folder.yaml", "cannot be written: No such file or directory"),
    ],
)
def test_new_refuses_a_name_that_no_scenario_can_have(tmp_path: Path, name: str, said: str) -> None:
    """Before anything is written."""
    code, _, err = harness("new", str(tmp_path / name))
    assert code == 2
    assert said in err
    assert not (tmp_path / name).exists()


def test_new_writes_the_files_of_a_fault_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three files and what to do next; anywhere else, a second time or without a name, exit 2."""
    monkeypatch.chdir(tmp_path)
    code, _, err = harness("new", "--fault", "unwritten_fault")
    assert (code, err) == (
        2,
        "--fault unwritten_fault: needs a source checkout; this folder is none\n",
    )
    (tmp_path / "harness" / "faults").mkdir(parents=True)
    (tmp_path / "harness" / "faults" / "_fault.py").touch()
    code, out, _ = harness("new", "--fault", "unwritten_fault")
    written = [Path(line.partition(":")[0]) for line in out.splitlines()[:-1]]
    assert code == 0
    assert all(path.is_file() for path in written)
    assert out.splitlines()[-1].endswith("uv run pytest tests/faults/test_unwritten_fault.py")
    assert harness("new", "--fault", "unwritten_fault")[0] == 2
    assert harness("new", "--fault", "UnwrittenFault")[0] == 2
    assert "FILE or --fault NAME" in harness("new", "mine.yaml", "--fault", "slow_blob")[2]


def test_explain_tells_what_a_key_means() -> None:
    """Whole, by its beginning, all of them, or what may have been meant."""
    code, out, _ = harness("explain", "environment.registry.token_lifetime")
    assert (code, out.splitlines()[0]) == (0, "environment.registry.token_lifetime")
    assert "  example  token_lifetime: 5m" in out
    assert harness("explain", "load.pulls")[1].count("  default  ") == 6
    assert "load.give_up" in harness("explain")[1].splitlines()
    code, _, err = harness("explain", "load.give_upp")
    assert code == 2
    assert err == "load.give_upp: is no key of a scenario; did you mean load.give_up?\n"
