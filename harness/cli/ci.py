"""What a CI server gets beyond files: on GitHub a step summary and annotations."""

import os
from collections.abc import Sequence
from pathlib import Path

from harness.cli.settings import complain


def tell_ci(runs: Sequence[tuple[Path, Path]], suite: Path | None) -> None:
    """Tell of each (scenario file, run folder), when a CI server that listens is there.

    Annotations go to stderr, where GitHub reads them, too: stdout is for results.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from harness.report.github import annotations

        for line in annotations(runs):
            complain(line)
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        from harness.report.github import step_summary
        from harness.report.markdown import MOST_BYTES

        try:
            with Path(path).open("a", encoding="utf-8") as file:
                room = MOST_BYTES - file.tell()  # others of this step may have written, too
                file.write(step_summary([folder for _, folder in runs], suite, room))
        except OSError as error:
            complain(f"harness: {path}: the summary cannot be written: {error.strerror or error}")
