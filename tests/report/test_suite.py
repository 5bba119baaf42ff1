"""Many runs in one table, in each format."""

import csv
import io
import json
from pathlib import Path
from urllib.parse import unquote

from harness.report.suite import suite_text, write_suite
from tests.recordings import RunFolder, outage, reported
from tests.report.test_html import hostile


def test_each_fault_of_each_run_has_its_line_with_delay_recovery_and_verdict(
    tmp_path: Path,
) -> None:
    """And the link leads to the run's page, wherever the folder is carried together."""
    run = outage().write(tmp_path / "reports" / "dns-outage" / "run one")
    findings = reported(run)
    rows = write_suite(tmp_path / "reports" / "suite-1", [run])
    (row,) = rows
    (during,) = [one for one in findings.delay if one.group == "fault" and one.population == "all"]
    assert (row.scenario, row.fault, row.verdict) == (
        "dns-outage",
        during.name,
        findings.verdict,
    )
    assert (row.pods, row.delay_p95_s) == (during.pods, during.p95.value_s)
    assert row.recovery_s == findings.recovery[0].recovery_wait_s
    assert row.bites == findings.faults[0].bites
    assert row.duration_s == findings.run.duration_s
    page = (tmp_path / "reports" / "suite-1" / "suite.html").read_text(encoding="utf-8")
    href = page.partition('<a href="')[2].partition('"')[0]
    assert (tmp_path / "reports" / "suite-1" / unquote(href)).resolve() == run / "report.html"


def test_a_run_that_came_to_nothing_has_its_line_too(tmp_path: Path) -> None:
    """Its verdict is how it ended, and there is no page to lead to."""
    (run := tmp_path / "latency" / "r").mkdir(parents=True)
    (run / "run.json").write_text('{"scenario": "latency", "run_id": "abc"}', encoding="utf-8")
    (run / "events.jsonl").write_text(
        '{"event": "run_ended", "at_s": 1.0, "reason": "environment", "error": "no"}\n',
        encoding="utf-8",
    )
    (row,) = write_suite(tmp_path / "suite", [run])
    assert (row.scenario, row.verdict, row.runs[0].exit_code) == ("latency", "environment", None)
    assert "<a " not in (tmp_path / "suite" / "suite.html").read_text(encoding="utf-8")
    (tmp_path / "empty").mkdir()
    assert write_suite(tmp_path / "suite", [tmp_path / "empty"])[0].verdict == "not ended"


def test_the_verdict_of_an_older_run_is_read(tmp_path: Path) -> None:
    """It was called `unknown`."""
    reported(run := outage().write(tmp_path / "run"))
    findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    former = json.dumps(findings | {"verdict": "unknown"})
    (run / "findings.json").write_text(former, encoding="utf-8")
    (row,) = write_suite(tmp_path / "suite", [run])
    assert row.verdict == "inconclusive"


def test_formats_agree_and_hostile_names_stay_text(tmp_path: Path) -> None:
    """A spreadsheet runs no formula, a page no script, a terminal no control character."""
    runs = []
    for number, make in enumerate((outage, hostile)):
        runs.append(make().write(tmp_path / f"run-{number}"))
        reported(runs[-1])
    suite = tmp_path / "suite"
    rows = write_suite(suite, runs)
    told = json.loads((suite / "suite.json").read_text(encoding="utf-8"))
    read = list(csv.DictReader(io.StringIO((suite / "suite.csv").read_text(encoding="utf-8"))))
    assert len(told) == len(read) == len(rows)
    assert [set(line["runs"][0]) for line in told] == [set(line) for line in read]
    assert not any(str(cell).startswith(("=", "+", "@")) for line in read for cell in line.values())
    lines = (suite / "suite.md").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("| ") for line in lines) == 2 + len(rows)
    assert lines[2] == "2 scenarios, 2 runs, 240 s: 2 inconclusive."
    page = (suite / "suite.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert all(c.isprintable() or c == "\n" for c in suite_text(rows))
    assert len(suite_text(rows).splitlines()) == 2 + len(rows)


def test_a_run_without_faults_is_one_line_of_all_its_pods(tmp_path: Path) -> None:
    folder = RunFolder(scenario="calm")
    folder.began()
    for number in range(4):
        folder.pod(f"pod-{number}", 1.0 * number, 2.0)
    folder.ended(10.0)
    reported(folder.write(tmp_path / "calm"))
    (row,) = write_suite(tmp_path / "suite", [tmp_path / "calm"])
    assert (row.fault, row.pods, row.delay_p50_s, row.recovery_s) == ("", 4, 2.0, None)


def test_repeats_are_one_line_with_their_medians_and_their_pages(tmp_path: Path) -> None:
    """On the terminal, in Markdown and JSON, and on the page, which links each repeat."""
    runs = []
    for index, pods in enumerate((40, 60, 80), start=1):
        runs.append(outage(pods=pods).write(tmp_path / f"run-{index}"))
        about = json.loads((runs[-1] / "run.json").read_text(encoding="utf-8"))
        about["repeat"] = {"group": "abc", "index": index, "of": 3}
        (runs[-1] / "run.json").write_text(json.dumps(about), encoding="utf-8")
        reported(runs[-1])
    (row,) = write_suite(tmp_path / "suite", runs)
    each = [it for run in row.runs for it in (run.delay_p95_s, run.delay_p95_more_than_s) if it]
    assert row.delay_p95_s == sorted(each)[1]
    assert (row.repeats, row.pods) == (3, sorted(run.pods for run in row.runs)[1])
    text = suite_text([row]).splitlines()
    assert text[1].split()[:3] == ["dns-outage", "dns_nxdomain-1", "3"]
    assert text[2].startswith("1 scenario, 3 runs, 360 s: ")
    page = (tmp_path / "suite" / "suite.html").read_text(encoding="utf-8")
    assert page.count("/report.html") == 3
    csv_lines = (tmp_path / "suite" / "suite.csv").read_text(encoding="utf-8").splitlines()
    assert len(csv_lines) == 1 + 3
