"""A run under pytest ends as one at the command line does."""

import signal
from pathlib import Path

from tests.program import LIMIT_S, brief, events, left_behind, wait_for_event
from tests.pytest_program import start_pytest


def test_ctrl_c_heals_the_run_before_pytest_ends(tmp_path: Path) -> None:
    """It reaches the run once, as a request to heal, and nothing lives on."""
    path = brief(tmp_path, **{"for: 1s": "for: 60s"})
    process = start_pytest("--harness", path, folder=tmp_path)
    wait_for_event(tmp_path, "fault_injected")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 2, out  # pytest's own for an interrupt
    told = events(tmp_path)
    assert [event["event"] for event in told].count("fault_healed") == 1
    assert told[-1]["reason"] == "interrupted"
    assert not left_behind(tmp_path)
