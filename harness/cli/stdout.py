"""Standard output that may be closed or full: the exit code survives either."""

import io
import os
import sys
from typing import TYPE_CHECKING, Final

from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDOUT: Final = 1


class _Stdout(io.FileIO):
    """Drops what cannot be written.

    `problem`: why the device refused it; "" when a reader closed the pipe, as `| head` does.
    """

    problem = ""

    def write(self, data: "ReadableBuffer", /) -> int:
        size = memoryview(data).nbytes
        try:
            return super().write(data) or size
        except BrokenPipeError:
            return size
        except OSError as error:
            self.problem = self.problem or error.strerror or str(error)
            return size


def tolerate_lost_output() -> "_Stdout | None":
    """Let `sys.stdout` drop what a closed pipe or a full device refuses.

    None where stdout is no file of this process, as under a test runner.
    """
    before = sys.stdout
    if not isinstance(before, io.TextIOWrapper) or before.fileno() != _STDOUT:
        return None
    before.flush()
    raw = _Stdout(os.dup(_STDOUT), "wb")
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.isatty(),
    )
    return raw


def exit_code_of(code: int, stdout: "_Stdout | None") -> int:
    """`code`, unless nothing else was wrong and results could not be written: then 4, and why."""
    if stdout is None:
        return code
    sys.stdout.flush()
    if stdout.problem:
        print(f"stdout: cannot be written: {stdout.problem}", file=sys.stderr)
        return code or ExitCode.INCONCLUSIVE
    return code
