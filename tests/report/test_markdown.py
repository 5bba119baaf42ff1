"""`report.md`: small, and untrusted texts render as themselves."""

from pathlib import Path

import pytest

from harness.report.markdown import MOST_BYTES, markdown
from harness.report.markdown_table import escaped
from harness.report.words import NONE
from tests.analysis.test_breakdown import two_images
from tests.recordings import RunFolder, analysed, outage


def page(run: RunFolder, folder: Path) -> str:
    return markdown(analysed(run, folder).findings)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("`code`", "\\`code\\`"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert\\(1\\)&lt;/script&gt;"),
        ("![x](http://x)", "\\!\\[x\\]\\(http://x\\)"),
        ("line\n# title", "line \\# title"),
        ("bell\x07\x1b[31m", "bell \\[31m"),
        ("@everyone &amp;", "&#64;everyone &amp;amp;"),
    ],
)
def test_untrusted_text_has_no_meaning(text: str, shown: str) -> None:
    """Neither as Markdown nor as the HTML that Markdown lets through."""
    assert escaped(text) == shown


def test_every_row_of_a_table_has_the_columns_of_its_head(tmp_path: Path) -> None:
    """Whatever an error says."""
    run = outage()
    for number in range(30):
        text = f"a | b\n| c {chr(97 + number % 26) * 12} |"
        run.pull(f"x{number}", 60, 61, outcome="failed", error_text=text)
    columns = 0
    for line in page(run, tmp_path).splitlines():
        if not line.startswith("|"):
            columns = 0
            continue
        cells = line.replace("\\|", "").count("|")
        assert cells == (columns or cells)
        columns = cells


def test_the_page_stays_small(tmp_path: Path) -> None:
    """Thousands of different long errors, expectations and faults do not grow it past its limit."""
    run = outage()
    run.expect = [{"metric": "pods_ready", "at_least": 1.0, "phase": "x" * 500}] * 500
    for number in range(500):
        word = f"{number:03}".translate(str.maketrans("0123456789", "abcdefghij"))
        run.pull(f"x{number}", 60, 61, outcome="failed", error_text=f"{word} " + "|<é>" * 2000)
    assert len(page(run, tmp_path).encode()) <= MOST_BYTES


def test_the_verdict_comes_first(tmp_path: Path) -> None:
    """Then what was expected."""
    run = outage()
    run.expect = [{"metric": "recovery_time", "at_most": 1}]
    lines = page(run, tmp_path).splitlines()
    assert lines[0] == "# dns-outage: ❌ fail"
    assert "| recovery\\_time at most 1 s | 26.5 s |" in "\n".join(lines)


def test_phases_are_reported_only_where_a_fault_makes_them(tmp_path: Path) -> None:
    """Without one, all that there is was before; what failed by itself is told by repository."""
    run = RunFolder()
    run.began()
    run.pod("a", 1, 2)
    run.pull("a/1", 1, 2, outcome="failed", cause="server")
    run.ended(60)
    text = page(run, tmp_path)
    assert "before" not in text
    assert "## Pulls that failed" in text
    assert "| before |" in page(outage(), tmp_path / "planned")


def test_images_and_rollouts_have_a_table_each_where_there_are_several(tmp_path: Path) -> None:
    """The page has the same rows."""
    text = page(two_images(), tmp_path)
    row = "| team/web | 8 | 8 | 1.0 s | 22.0 s | 1.0 s | 22.0 s | - | 12.0 s | 8 | 8 | 100 % | - |"
    assert row.replace("-", NONE) in text
    assert "| web | 8 | 8 |" in text
    assert "By image" not in page(outage(), tmp_path / "one")
