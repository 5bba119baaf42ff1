"""A run's tables for other tools: each format read back by a reader that is not ours."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from harness.analysis import NoRecordingError, RecordedRun, analyse
from harness.report.export import ExportFormat, export
from harness.report.openmetrics import openmetrics
from tests.recordings import RunFolder, outage
from tests.report.test_html import hostile

FORMS: tuple[ExportFormat, ...] = ("parquet", "csv", "ndjson")


@pytest.mark.parametrize("make", [outage, hostile, RunFolder])
def test_the_three_formats_of_tables_agree(tmp_path: Path, make: type[RunFolder]) -> None:
    """Rows, names and texts, hostile ones and none at all included."""
    run = make().write(tmp_path / "run")
    by_name = {}
    for form in FORMS:
        paths = export(run, form, tmp_path / form)
        by_name[form] = {path.stem: path for path in paths}
    assert set(by_name["parquet"]) == set(by_name["csv"]) == set(by_name["ndjson"])
    for name, path in by_name["parquet"].items():
        frame = pq.read_table(path).to_pandas()
        assert list(frame.columns[:2]) == ["scenario", "run_id"]
        rows = [json.loads(line) for line in by_name["ndjson"][name].read_bytes().splitlines()]
        assert len(rows) == len(frame)
        sheet = pd.read_csv(by_name["csv"][name], keep_default_na=False, dtype=str)
        assert len(sheet) == len(frame)
        assert list(sheet.columns) == list(frame.columns)
        if rows:
            assert list(rows[0]) == list(frame.columns)


@pytest.mark.parametrize("make", [outage, hostile, RunFolder])
def test_findings_as_openmetrics_are_read_by_prometheus(
    tmp_path: Path, make: type[RunFolder]
) -> None:
    """Its own parser checks names, units, escapes and the end."""
    findings = analyse(RecordedRun.load(make().write(tmp_path))).findings
    text = openmetrics(findings)
    read = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # not ours
    families = {one.name: one for one in read}
    (run,) = families["harness_run"].samples
    assert run.labels["verdict"] == findings.verdict
    delays = families["harness_deployment_delay_seconds"].samples
    told = {
        (one.labels["group"], one.labels["name"], one.labels["quantile"]): one.value
        for one in delays
    }
    for one in findings.delay:
        if (
            (one.group, one.population) == ("phase", "all")
            and one.pods
            and one.p95.value_s is not None
        ):
            assert told[one.group, one.name, "0.95"] == one.p95.value_s


def test_a_quantile_that_never_ended_is_infinite(tmp_path: Path) -> None:
    folder = RunFolder()
    folder.began()
    folder.pod("late", 1.0)
    folder.ended(20.0)
    findings = analyse(RecordedRun.load(folder.write(tmp_path))).findings
    assert 'quantile="1"} +Inf' in openmetrics(findings)


def test_durations_are_from_due_and_the_limit_is_reported(tmp_path: Path) -> None:
    """Service times beside them; arrivals that found every client busy are counted."""
    folder = RunFolder()
    folder.began()
    for number in range(20):
        times = {"due_s": number, "waited_for_client_s": 5}
        folder.pull(f"pulls-1-{number}", number + 5, number + 6, **times)
    folder.pulls = [{"name": "pulls-1", "users": 1}]
    folder.ended(40.0)
    findings = analyse(RecordedRun.load(folder.write(tmp_path))).findings
    read = text_string_to_metric_families(openmetrics(findings))  # type: ignore[no-untyped-call]
    families = {one.name: one.samples for one in read}
    assert families["harness_run"][0].labels["limited_by"] == "client pool"
    told = {
        name: [one.value for one in families[name] if one.labels.get("phase", "all") == "all"]
        for name in families
    }
    assert told["harness_pull_duration_seconds"] == [6.0, 6.0]
    assert told["harness_pull_service_time_seconds"] == [1.0, 1.0]
    assert told["harness_arrivals"] == [20.0]
    assert told["harness_pool_exhausted"] == [20.0, 0.0]


def test_a_folder_that_holds_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoRecordingError, match="not a run folder"):
        export(tmp_path, "csv", tmp_path / "out")
