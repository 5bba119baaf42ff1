"""`report.html`: one file that opens from disk, without a network."""

import html

from harness.analysis import Analysis
from harness.report.text import findings_text


def javascript() -> str:
    """The drawing library as one script."""
    return ""


def page(analysis: Analysis, bundle: str) -> str:
    """The page, with `bundle` inside."""
    text = html.escape(findings_text(analysis.findings))
    return f"<!doctype html><meta charset=utf-8><pre>{text}</pre><script>{bundle}</script>"
