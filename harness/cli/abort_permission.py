"""What scenarios want to ask or run to know when to stop, held against what the user allowed."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.settings import fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.plan.plan import Plan


def require_signals_allowed(
    plans: "Iterable[tuple[Path, Plan]]", hosts: Iterable[str], *, commands: bool
) -> None:
    """Exits when a plan's `abort_when` has a signal that is not allowed."""
    from harness.run.abort_signals import SignalRefused, require_allowed

    for path, plan in plans:
        try:
            require_allowed(plan.abort_signals, hosts, commands=commands)
        except SignalRefused as error:
            fail(f"{path}: {error}", ExitCode.USAGE)
