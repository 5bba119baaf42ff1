"""From a recording to findings: no network, no clock, one question a file."""

from harness.analysis.analysis import Analysis, analyse
from harness.analysis.findings import Findings
from harness.analysis.recorded_run import NoRecordingError, RecordedRun

__all__ = ["Analysis", "Findings", "NoRecordingError", "RecordedRun", "analyse"]
