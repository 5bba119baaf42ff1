"""A job on GitHub: a summary that fits, and annotations that are commands and nothing else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from harness.report.github import MOST_ANNOTATIONS, annotations, step_summary
from harness.report.markdown import MOST_BYTES
from harness.report.suite import write_suite
from tests.recordings import RunFolder, outage, reported
from tests.report.test_html import hostile


def failing(folder: Path, make: Callable[[], RunFolder] = outage, limits: int = 2) -> Path:
    """The folder of a run, reported on, with `limits` expectations that fail."""
    run = make()
    run.expect = [{"metric": "pods_ready", "at_most": 0.001 * n} for n in range(1, limits + 1)]
    reported(run.write(folder))
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
    runs = [failing(tmp_path / f"scenario-{n}" / "run", make=hostile) for n in range(2)]
    write_suite(tmp_path / "suite", runs)
    summary = step_summary([*runs, tmp_path / "none" / "run"], tmp_path / "suite")
    assert summary.startswith("# Suite")
    assert summary.count("## Expectations") == 2
    assert len(summary.encode()) <= MOST_BYTES


def copies(run: Path, folder: Path, count: int, repeats: int = 1) -> list[Path]:
    """`run` as so many scenarios with so many repeats each."""
    found = []
    for number in range(count):
        for repeat in range(repeats):
            found.append(folder / f"scenario-{number:02}" / f"run-{repeat}")
            found[-1].mkdir(parents=True)
            shutil.copy(run / "report.md", found[-1])
            for name in ("run.json", "findings.json"):
                text = (run / name).read_text(encoding="utf-8")
                text = text.replace("dns-outage", f"scenario-{number:02}")
                group = {"repeat": {"group": f"{number}", "index": repeat + 1, "of": repeats}}
                text = json.dumps(json.loads(text) | group)
                (found[-1] / name).write_text(text, encoding="utf-8")
    return found


def test_fifteen_scenarios_that_pass_are_fifteen_lines(tmp_path: Path) -> None:
    """Their pages are in the reports, not in the summary; it was 51 kB."""
    reported(run := outage().write(tmp_path / "run"))
    findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    passed = json.dumps(findings | {"verdict": "pass", "exit_code": 0})
    (run / "findings.json").write_text(passed, encoding="utf-8")
    runs = copies(run, tmp_path / "reports", 15)
    write_suite(tmp_path / "suite", runs)
    summary = step_summary(runs, tmp_path / "suite")
    assert sum(line.startswith("| scenario") for line in summary.splitlines()) == 15
    assert "## " not in summary
    assert len(summary.encode()) < 4096


def test_what_failed_is_reported_once_for_its_repeats_and_what_does_not_fit_is_named(
    tmp_path: Path,
) -> None:
    """40 scenarios of two repeats that fail: details until the room is gone, then names."""
    run = failing(tmp_path / "run")
    runs = copies(run, tmp_path / "reports", 40, repeats=2)
    write_suite(tmp_path / "suite", runs)
    summary = step_summary(runs[:4], tmp_path / "suite")
    assert summary.count("## Expectations") == 2
    whole = step_summary(runs, tmp_path / "suite")
    assert len(whole.encode()) <= MOST_BYTES
    shown = whole.count("## Expectations")
    left_out = 40 - shown
    assert shown > 5
    assert (
        f"Left out, because this summary has at most 64 KiB: the details of scenario-{shown}"
        in whole
    )
    assert f"and {left_out - 5} more" in whole
    little = step_summary(runs, tmp_path / "suite", room=4000)
    assert len(little.encode()) <= 4000
    assert "more lines of the table" in little


def test_one_cause_is_one_annotation(tmp_path: Path) -> None:
    """In repeats, and, when it is the machine's or the environment's, in many scenarios."""
    runs = copies(failing(tmp_path / "run", limits=1), tmp_path / "reports", 2, repeats=3)
    lines = annotations([(Path(f"{run.parent.name}.yaml"), run) for run in runs])
    assert len(lines) == 2
    assert "pods_ready at most 0.1 %25, was 100 %25: 60 of 60 (in 3 of 3 repeats)" in lines[0]
    ended = []
    for number in range(7):
        ended.append(tmp_path / "lost" / str(number))
        ended[-1].mkdir(parents=True)
        event = {"event": "run_ended", "at_s": number, "reason": "environment"}
        event["error"] = f"port {5000 + number} is taken"
        (ended[-1] / "events.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
    (line,) = annotations([(Path(f"s{run.name}.yaml"), run) for run in ended])
    assert line.endswith(
        "no findings: port 5000 is taken (in 7 scenarios: s0, s1, s2, s3, s4 and 2 more)"
    )
