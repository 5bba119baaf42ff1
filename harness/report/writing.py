"""Writes every format of one run into its folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.analysis import Findings, RecordedRun, analyse
from harness.report.html import javascript, page
from harness.report.junit import junit_xml
from harness.report.markdown import markdown
from harness.report.tables import write_tables


def write_all(run_folder: Path) -> Findings:
    """The formats of `harness.report.write_reports`, in the order of their worth."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        bundle = beside.submit(javascript)  # the slowest part; it needs nothing of the run
        analysis = analyse(RecordedRun.load(run_folder))
        findings = analysis.findings
        put(run_folder / "findings.json", findings.to_json())
        put(run_folder / "junit.xml", junit_xml(findings))
        put(run_folder / "report.md", markdown(findings))
        write_tables(analysis, run_folder / "tables")
        put(run_folder / "report.html", page(analysis, bundle.result()))
    return findings


def put(path: Path, text: str) -> None:
    """Write `text` so that a reader finds the old file or the new one, never a part."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8", errors="replace")
    beside.replace(path)
