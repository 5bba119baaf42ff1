"""Verdicts and their order; exit codes."""

import pytest

from harness.recording.outcome import ExitCode, Verdict, worst


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Verdict.INCONCLUSIVE),
        ([Verdict.PASS], Verdict.PASS),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.FAIL, Verdict.INCONCLUSIVE], Verdict.FAIL),
        ([Verdict.PASS, Verdict.FAIL, Verdict.PASS], Verdict.FAIL),
    ],
)
def test_the_worst_verdict_counts(verdicts: list[Verdict], expected: Verdict) -> None:
    """One failure outweighs any inconclusive result; of none, the result is inconclusive."""
    assert worst(verdicts) is expected
    assert worst(reversed(verdicts)) is expected


def test_the_verdict_of_an_older_run_is_read() -> None:
    """It was called `unknown`; any other word is refused."""
    assert Verdict("unknown") is Verdict.INCONCLUSIVE
    with pytest.raises(ValueError, match="perhaps"):
        Verdict("perhaps")


def test_exit_codes_are_a_promise() -> None:
    """Scripts rely on these numbers."""
    assert {code.name: code.value for code in ExitCode} == {
        "PASS": 0,
        "FAIL": 1,
        "USAGE": 2,
        "ENVIRONMENT": 3,
        "INCONCLUSIVE": 4,
        "ABORTED": 5,
        "REGRESSION": 6,
        "BUG": 70,
        "INTERRUPTED": 130,
    }
