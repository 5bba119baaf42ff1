"""The findings on a terminal."""

from pathlib import Path

from harness.report.text import findings_text, one_line
from tests.recordings import NAN, RunFolder, analysed, outage

EXPECT = [
    {"metric": "deployment_delay", "quantile": 0.95, "phase": "during", "at_most": 30},
    {"metric": "pods_ready", "at_least": 1.0},
]


def test_the_terminal_gets_plain_lines(tmp_path: Path) -> None:
    """Verdict first; nothing in them that a terminal would obey."""
    run = outage(bites=0)
    run.expect = EXPECT
    run.faults[0]["id"] = "dns\x1b[31m-1"
    findings = analysed(run, tmp_path).findings
    text = findings_text(findings)
    assert text.splitlines()[0] == "FAIL  1 of 2 expectations not met."
    assert "\x1b" not in text
    assert "deployment_delay p95 during at most 30 s: 42.0 s, margin \u221212.0 s, n=21" in text


def test_recovery_is_reported_in_words(tmp_path: Path) -> None:
    """Whether pods waited, became ready, or never did."""
    run = outage()
    assert "all 20 waiting pods ready after 26.5 s" in findings_text(
        analysed(run, tmp_path).findings
    )
    run.pod("stuck", 30, NAN, ended_s=119)
    text = findings_text(analysed(run, tmp_path / "more").findings)
    assert "1 of 21 waiting pods never became ready" in text


def test_next_to_nothing_has_a_verdict(tmp_path: Path) -> None:
    """And no tables of nothing."""
    assert findings_text(analysed(RunFolder(), tmp_path).findings).startswith("INCONCLUSIVE  ")


def test_a_line_stays_a_line() -> None:
    """However long, and whatever is in it."""
    assert one_line("a\nb\x07c") == "a b c"
    assert len(one_line("x" * 10_000)) == 200


def test_a_fault_that_nobody_planned_is_reported_where_and_when(tmp_path: Path) -> None:
    """And there are no phases, which only faults make."""
    run = RunFolder()
    run.began()
    run.pod("late", 10, 30)
    run.pull("a/1", 10, 11, pod="late", outcome="failed", cause="server", error_text="503")
    run.pull("b/1", 10, 11, image="registry.harness.test/tools:v1")
    run.ended(60)
    text = findings_text(analysed(run, tmp_path).findings)
    assert (
        "failed        app: 1 pulls, server, 10.0 s to 11.0 s, pods: 1; "
        "successful meanwhile: 1 of others"
    ) in text
    assert "before" not in text
    assert "failed        app" not in findings_text(
        analysed(outage(), tmp_path / "planned").findings
    )
