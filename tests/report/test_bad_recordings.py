"""Recordings of next to nothing, cut short, or full of somebody else's markup: in every format."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pyarrow.parquet as pq
import pytest
import xmlschema
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from harness.report.export import export
from harness.report.markdown import MOST_BYTES
from harness.report.pictures import write_pictures
from harness.report.suite import write_suite
from tests.recordings import NAN, RunFolder, outage, reported
from tests.report.test_files import all_failed, one_sample
from tests.report.test_html import HOSTILE, Page, hostile

LONG = (HOSTILE.replace("\x00", "") * 20_000)[: 1 << 20]
MOST_PAGE_BYTES = 2_500_000


def fault_without_samples() -> RunFolder:
    """On at a time when nobody asked for anything; its bites were not counted either."""
    run = outage()
    run.fault("latency-1", 100, 110, bites=None)
    return run


def endless_names() -> RunFolder:
    """A mebibyte each: names of pods, nodes, images and faults, the scenario's, and errors."""
    run = outage()
    run.scenario = LONG
    run.fault(f"{LONG}-1", 60, 70, where={"nodes": [LONG]})
    run.pod(LONG, 55, NAN, ended_s=119, node=LONG, image=LONG)
    run.pull(
        LONG, 55, 56, pod=LONG, node=LONG, image=LONG, outcome="failed", cause=LONG,
        error_text=LONG,
    )  # fmt: skip
    run.push(LONG, 55, 56, node=LONG, repository=LONG, outcome="failed", error_text=LONG)
    run.request(LONG, 55, 56, kind=LONG, node=LONG, outcome="failed", cause=LONG)
    return run


def as_written(folder: Path) -> None:
    """Nothing happened to it."""
    del folder


def cut_short(folder: Path) -> None:
    """Killed while it wrote: half an event, half a batch, and run.json not at all."""
    events = folder / "events.jsonl"
    events.write_bytes(events.read_bytes()[:-40])
    batch = max((folder / "samples").glob("pulls-*"))
    batch.write_bytes(batch.read_bytes()[: batch.stat().st_size // 2])
    (folder / "run.json").unlink()


def not_even_text(folder: Path) -> None:
    """Bytes where text should be, and JSON that is something else."""
    (folder / "events.jsonl").write_bytes(b"\xff\xfe\x00{}\n[1]\nnull\n" * 50)
    (folder / "run.json").write_text("[]", encoding="utf-8")
    (folder / "plan.json").write_bytes(b'{"scenario": "\xff')


RECORDINGS: dict[str, tuple[Callable[[], RunFolder], Callable[[Path], None]]] = {
    "empty": (RunFolder, as_written),
    "one sample": (one_sample, as_written),
    "all pulls failed": (all_failed, as_written),
    "a fault without samples": (fault_without_samples, as_written),
    "cut short": (outage, cut_short),
    "not even text": (outage, not_even_text),
    "full of markup": (hostile, as_written),
    "endless names": (endless_names, as_written),
}


@pytest.fixture(scope="module", params=RECORDINGS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with its reports."""
    make, damage = RECORDINGS[request.param]
    recorded = make()
    recorded.expect = [
        {"metric": "deployment_delay", "quantile": 0.99, "phase": "before", "at_most": 5},
        {"metric": "pull_error_rate", "at_most": 0.001},
    ]
    folder = recorded.write(tmp_path_factory.mktemp("bad") / "run")
    damage(folder)
    reported(folder)
    return folder


def test_every_format_stays_valid(run: Path) -> None:
    """Read back by readers that are not ours, and none of them grows without end."""
    findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    assert findings["verdict"] in {"pass", "fail", "inconclusive"}

    schema = xmlschema.XMLSchema(Path(__file__).parent / "junit.xsd")
    schema.validate((run / "junit.xml").read_text(encoding="utf-8"))

    page = run / "report.html"
    found = Page(page.read_text(encoding="utf-8"))
    assert (found.open, found.handlers) == ([], [])
    assert sum("type" not in attributes for attributes, _ in found.scripts) == 2
    assert page.stat().st_size <= MOST_PAGE_BYTES

    markdown = run / "report.md"
    assert markdown.stat().st_size <= MOST_BYTES
    assert "<" not in markdown.read_text(encoding="utf-8")

    for path in (run / "tables").glob("*.parquet"):
        rows = pq.read_table(path).num_rows
        if pq.read_schema(path).names:
            assert len(pd.read_csv(path.with_suffix(".csv"))) == rows

    for path in write_pictures(run, "svg"):
        ET.parse(path)  # noqa: S314  our own file


def test_exports_and_the_suite_stay_valid(run: Path, tmp_path: Path) -> None:
    """The same rows in each."""
    names = {path.stem for path in export(run, "parquet", tmp_path / "parquet")}
    export(run, "csv", tmp_path / "csv")
    export(run, "ndjson", tmp_path / "ndjson")
    for name in names:
        rows = pq.read_table(tmp_path / "parquet" / f"{name}.parquet").num_rows
        assert len(pd.read_csv(tmp_path / "csv" / f"{name}.csv")) == rows
        lines = (tmp_path / "ndjson" / f"{name}.ndjson").read_bytes().splitlines()
        assert len([json.loads(line) for line in lines]) == rows

    (metrics,) = export(run, "openmetrics", tmp_path / "metrics")
    text = metrics.read_text(encoding="utf-8")
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # not ours
    assert "harness_run" in {one.name for one in families}

    suite = tmp_path / "suite"
    told = write_suite(suite, [run])
    assert len(json.loads((suite / "suite.json").read_text(encoding="utf-8"))) == len(told)
    sheet = io.StringIO((suite / "suite.csv").read_text(encoding="utf-8"), newline="")
    csv.field_size_limit(10 << 20)
    assert len(list(csv.DictReader(sheet))) == len(told)
    found = Page((suite / "suite.html").read_text(encoding="utf-8"))
    assert (found.open, found.handlers, found.scripts) == ([], [], [])
    assert "<" not in (suite / "suite.md").read_text(encoding="utf-8")


def test_too_few_samples_are_said_instead_of_a_number(tmp_path: Path) -> None:
    """A 99th percentile of one pod is none, and one of no pods neither."""
    for number, make in enumerate((RunFolder, one_sample)):
        recorded = make()
        recorded.expect = [{"metric": "deployment_delay", "quantile": 0.99, "at_most": 5}]
        recorded.ended(60.0)
        folder = recorded.write(tmp_path / f"run-{number}")
        findings = reported(folder)
        (judged,) = findings.expectations
        assert judged.verdict == "inconclusive"
        assert ("too few" in judged.note) or ("no pods" in judged.note)
