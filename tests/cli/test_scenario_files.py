"""Which scenario files a verb reads, and on how many nodes."""

from pathlib import Path

import pytest
import typer

from harness.cli.options import ClusterChoice
from harness.cli.scenario_files import REAL_NODES, overrides_of, read_scenario, scenario_files
from harness.scenario import ScenarioError, starter


def test_folders_are_opened_and_files_keep_their_order(tmp_path: Path) -> None:
    """A folder gives its YAML files by name, also those of folders in it."""
    for name in ("b.yaml", "a.yaml", "inner/c.yaml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    inside = [tmp_path / name for name in ("a.yaml", "b.yaml", "inner/c.yaml")]
    assert scenario_files([tmp_path / "b.yaml", tmp_path]) == [tmp_path / "b.yaml", *inside]


def test_a_folder_without_scenarios_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder given by mistake must not pass as nothing to do."""
    with pytest.raises(typer.Exit) as caught:
        scenario_files([tmp_path])
    assert caught.value.exit_code == 2
    assert "contains no scenario" in capsys.readouterr().err


def test_values_come_from_files_and_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--set wins over a --var-file, a later file over an earlier; complaints name file and line."""
    scenario, first, second = (tmp_path / f"{it}.yaml" for it in ("one", "first", "second"))
    scenario.write_text(starter("one"))
    first.write_text("seed: 1\nsummary: of a file\nimages.app: {size: 2MiB, layers: 1}\n")
    second.write_text("seed: 2\n")
    read = read_scenario(scenario, overrides_of([first, second], ["summary=of an option"])).body
    assert (read.seed, read.summary, read.images["app"].layers) == (2, "of an option", 1)

    second.write_text("# more\nload.rollouts[0].replicas: 0\nenvironment.cluster.nods: 2\n")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(scenario, overrides_of([second], None))
    assert sorted(str(caught.value).splitlines()) == [
        f"{second}:2:1 load.rollouts[0].replicas: must be greater than or equal to 1, got 0",
        f"{second}:3:1 environment.cluster.nods: is not a key here, did you mean nodes?",
    ]
    for text, said in (
        ("- seed", "must map paths to values, as seed: 7, got ['seed']"),
        ("a: [", "is not YAML"),
    ):
        second.write_text(text)
        with pytest.raises(typer.Exit) as ended:
            overrides_of([second], None)
        assert ended.value.exit_code == 2
        assert said in capsys.readouterr().err


def test_a_scenario_is_read_on_the_nodes_asked_for(tmp_path: Path) -> None:
    """As many as asked, its own number when not; a misspelt setting is refused."""
    file = tmp_path / "one.yaml"
    file.write_text(starter("one"))

    def nodes(cluster: ClusterChoice, asked: int | None) -> int:
        return read_scenario(file, [], cluster, asked).body.environment.cluster.nodes

    own = nodes(ClusterChoice.SCENARIO, None)
    assert own > REAL_NODES
    assert [nodes(ClusterChoice.SCENARIO, asked) for asked in (2, 400)] == [2, 400]
    assert [nodes(ClusterChoice.KIND, asked) for asked in (None, 2, 5)] == [REAL_NODES, 2, 5]
    file.write_text(starter("one").replace("nodes: 4", "nodes: 400"))  # too many for kind
    assert nodes(ClusterChoice.KIND, None) == REAL_NODES
    with pytest.raises(ScenarioError, match="nonsense"):
        read_scenario(file, ["nonsense=1"])
