"""A job on GitHub: a summary that fits, and annotations that are commands and nothing else."""

from collections.abc import Callable
from pathlib import Path

from harness.report import write_reports
from harness.report.github import MOST_ANNOTATIONS, annotations, step_summary
from harness.report.markdown import MOST_BYTES
from harness.report.suite import write_suite
from tests.recordings import RunFolder, outage
from tests.report.test_html import hostile


def failing(folder: Path, make: Callable[[], RunFolder] = outage, limits: int = 2) -> Path:
    """The folder of a run, reported on, with `limits` expectations that fail."""
    run = make()
    run.expect = [{"metric": "pods_ready", "at_most": 0.001 * n} for n in range(1, limits + 1)]
    write_reports(run.write(folder))
    return folder


def test_the_worst_is_annotated_at_its_scenario(tmp_path: Path) -> None:
    lines = annotations([(Path("scenarios/a,b.yaml"), failing(tmp_path / "run"))])
    assert len(lines) == 2
    assert lines[0].startswith(
        "::error file=scenarios/a%2Cb.yaml,line=1,title=harness%3A a,b".replace("a,b", "a%2Cb")
    )
    assert "pods_ready at most 0.1 %25" in lines[0]


def test_there_are_never_more_than_ten_and_errors_come_first(tmp_path: Path) -> None:
    """A run that came to nothing is one, too."""
    empty = tmp_path / "empty"
    empty.mkdir()
    runs = [(Path("b.yaml"), failing(tmp_path / "run", limits=20)), (Path("c.yaml"), empty)]
    lines = annotations(runs)
    assert len(lines) == MOST_ANNOTATIONS
    assert all(line.startswith("::error ") for line in lines[:-1])
    assert lines[-1] == "::notice title=harness::and 12 more in the reports of this job"


def test_hostile_texts_start_no_command(tmp_path: Path) -> None:
    """One line each, whatever is in names and errors."""
    folder = failing(tmp_path / "run", make=hostile)
    for line in annotations([(Path("h\n::set-output name=x::y.yaml"), folder)]):
        assert "\n" not in line
        assert "\r" not in line
        assert line.isprintable()
        assert line.count("::set-output") == 0 or line.index("::set-output") > line.index("title=")


def test_the_summary_holds_suite_and_runs_and_fits(tmp_path: Path) -> None:
    """What does not fit is said to be left out; a run without a page is passed over."""
    runs = [failing(tmp_path / f"run-{n}", make=hostile) for n in range(2)]
    write_suite(tmp_path / "suite", runs)
    summary = step_summary([*runs, tmp_path / "none"], tmp_path / "suite")
    assert summary.startswith("# Suite")
    assert summary.count("## Expectations") == 2
    assert len(summary.encode()) <= MOST_BYTES
    many = step_summary(runs * 40, None)
    assert len(many.encode()) <= MOST_BYTES
    assert "Truncated" in many
