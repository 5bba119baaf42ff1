"""Findings → pages; one format a file. Everything is rebuilt from a recording alone."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.analysis import Findings


def write_reports(run_folder: Path, cache: Path | None = None) -> "Findings":
    """Write findings.json, tables/, junit.xml, report.md and report.html into `run_folder`.

    `cache` is a folder where the page's drawing library is kept from one report to the next.
    Only the recording is read, so an old or partial one does, and whatever was computed before is
    replaced. Each file is whole or absent. Raises NoRecordingError for a folder that holds no run,
    and OSError when the folder cannot be written.
    """
    from harness.report.files import write_all  # noqa: PLC0415  pandas, late

    return write_all(run_folder, cache)
