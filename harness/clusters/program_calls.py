"""Asks other programs, without ever leaving one behind."""

import asyncio
import signal
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.clusters.errors import ClusterError


class ProgramMissingError(ClusterError):
    """The program cannot be started. One sentence."""


class NoAnswerError(ClusterError):
    """The program did not end in time. One sentence."""


@dataclass(frozen=True, kw_only=True)
class ProcessResult:
    """How a program ended and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def last_line(self) -> str:
        """What it said last, of its errors if there are any."""
        for text in (self.err, self.out.decode(errors="replace")):
            if lines := [line.strip() for line in text.splitlines() if line.strip()]:
                return lines[-1]
        return ""


async def call(
    argv: Sequence[str], *, stdin: bytes | None = None, timeout_s: float
) -> ProcessResult:
    """Run `argv` to its end, in a session of its own: Ctrl-C goes to the harness only.

    Killed when it takes longer or the caller is cancelled. Raises ProgramMissingError,
    NoAnswerError.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise ProgramMissingError(f"{argv[0]}: is not on PATH") from None
    except OSError as error:
        raise ProgramMissingError(f"{argv[0]}: cannot be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        what = " ".join(argv)[:120]
        raise NoAnswerError(f"{what}: not done within {timeout_s:g} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
    return ProcessResult(code=process.returncode or 0, out=out, err=err.decode(errors="replace"))


async def all_of(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at once. The first that fails stops the others. Raises its ClusterError, plain."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for work in works:
                tasks.create_task(work)
    except* ClusterError as group:
        raise first_of(group) from None


def first_of(group: BaseExceptionGroup[ClusterError]) -> ClusterError:
    """The first plain error of a group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ClusterError)
    return error
