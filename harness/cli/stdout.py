"""Standard output and error that may be closed or full: the exit code survives either."""

import io
import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDOUT: Final = 1
_STDERR: Final = 2


class _Tolerant(io.FileIO):
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


def tolerate_lost_output() -> "_Tolerant | None":
    """Let `sys.stdout` and `sys.stderr` drop what a closed pipe or a full device refuses.

    Returns the one behind stdout: None where that is no file of this process, as under a test
    runner.
    """
    if (error := _tolerant(sys.stderr, _STDERR)) is not None:
        sys.stderr = _text(error, like=sys.stderr, by_line=True)
    raw = _tolerant(sys.stdout, _STDOUT)
    if raw is not None:
        sys.stdout = _text(raw, like=sys.stdout, by_line=sys.stdout.isatty())
    return raw


def _tolerant(stream: TextIO, number: int) -> "_Tolerant | None":
    if not isinstance(stream, io.TextIOWrapper) or stream.fileno() != number:
        return None
    stream.flush()
    return _Tolerant(os.dup(number), "wb")


def _text(raw: "_Tolerant", *, like: TextIO, by_line: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=like.encoding, errors=like.errors, line_buffering=by_line
    )


def exit_code_of(code: int, stdout: "_Tolerant | None") -> int:
    """`code`, unless nothing else was wrong and results could not be written: then 4, and why."""
    if stdout is None:
        return code
    sys.stdout.flush()
    if stdout.problem:
        print(f"stdout: cannot be written: {stdout.problem}", file=sys.stderr)
        return code or ExitCode.INCONCLUSIVE
    return code
