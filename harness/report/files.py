"""Writes every format of one run into its folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.report.bundle import javascript_beside

if TYPE_CHECKING:
    from harness.analysis import Findings


def write_all(run_folder: Path, cache: Path | None = None) -> "Findings":
    """The formats of `harness.report.write_reports`, in the order of their worth."""
    with javascript_beside(cache) as bundle:
        from harness.analysis import RecordedRun, analyse  # noqa: PLC0415  meanwhile
        from harness.report.comparison import read_comparison  # noqa: PLC0415  meanwhile
        from harness.report.html import page  # noqa: PLC0415  meanwhile
        from harness.report.junit import junit_xml  # noqa: PLC0415  meanwhile
        from harness.report.markdown import markdown  # noqa: PLC0415  meanwhile
        from harness.report.tables import write_tables  # noqa: PLC0415  meanwhile

        analysis = analyse(RecordedRun.load(run_folder))
        findings = analysis.findings
        comparison = read_comparison(run_folder)
        put(run_folder / "findings.json", findings.to_json())
        put(run_folder / "junit.xml", junit_xml(findings, comparison))
        put(run_folder / "report.md", markdown(findings, comparison))
        write_tables(analysis, run_folder / "tables")
        put(run_folder / "report.html", page(analysis, bundle(), comparison))
    return findings


def put(path: Path, text: str) -> None:
    """Write `text` so that a reader finds the old file or the new one, never a part."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8", errors="replace")
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
