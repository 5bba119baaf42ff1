"""Starts a service process, hears from it, and ends it with all it started."""

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from harness.process.journal import Journal

RUN_ID_VARIABLE = "HARNESS_RUN_ID"
_LINE_BYTES = 1 << 20
_PATIENCE_S = 3.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Loaded here: between fork and exec nothing may be loaded, because threads may hold any lock.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildError(Exception):
    """A service did not start, or ended by itself. The message is one sentence."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What everything that is started in a run shares."""

    run_id: str
    folder: Path
    journal: Journal
    clock_start_s: float


@dataclass(kw_only=True)
class Child:
    """A running service. `ready` is its first message."""

    name: str
    log: Path
    process: asyncio.subprocess.Process
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    @property
    def exit_code(self) -> int | None:
        return self.process.returncode

    async def messages(self) -> AsyncGenerator[dict[str, Any], None]:
        """The JSON objects that the service writes after its first; ends when it ends."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            with suppress(ValueError):
                yield json.loads(line)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Write one message to the service; nothing when it is gone (reported elsewhere)."""
        assert self.process.stdin is not None
        with suppress(ConnectionError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            await self.process.stdin.drain()

    def tail(self, lines: int = 5) -> str:
        """The last lines of its log."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def start_child(
    run: Run,
    name: str,
    argv: Sequence[str],
    *,
    config: Mapping[str, Any] | None,
    ready_timeout_s: float = 15,
) -> AsyncIterator[Child]:
    """Run `argv` in a session of its own until the block is left.

    `config` goes to its stdin as one line, and its first line on stdout is awaited; None is for a
    program that knows nothing of this. Raises ChildError when it is not ready in time.
    """
    logs = run.folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    record = run.journal.record({"kind": "end_processes", "run_id": run.run_id, "name": name})
    try:
        with log.open("ab") as stderr:
            process = await _spawn(run, argv, stderr.fileno(), config)
        child = Child(name=name, log=log, process=process)
        try:
            if config is not None:
                await _hand_over(child, config, ready_timeout_s)
            yield child
        finally:
            await _end(child)
    finally:
        run.journal.done(record)


async def _spawn(
    run: Run, argv: Sequence[str], log: int, config: Mapping[str, Any] | None
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=log if config is None else asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, RUN_ID_VARIABLE: run.run_id},
            start_new_session=True,
            preexec_fn=None if _LIBC is None else _die_with_parent,
            limit=_LINE_BYTES,
        )
    except OSError as error:
        raise ChildError(f"{argv[0]}: cannot be started: {error.strerror}") from error


def _die_with_parent() -> None:
    """Ask Linux to end this process when the harness dies, however it dies."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _hand_over(child: Child, config: Mapping[str, Any], timeout_s: float) -> None:
    await child.send(config)
    assert child.process.stdout is not None
    code: int | None = None
    try:
        async with asyncio.timeout(timeout_s):
            line = await child.process.stdout.readline()
            if not line:
                code = await child.process.wait()
    except TimeoutError:
        raise ChildError(f"{child.name}: not ready within {timeout_s:g} s") from None
    if not line:
        reason = child.tail(1) or "no output"
        raise ChildError(f"{child.name}: ended with code {code} before it was ready: {reason}")
    try:
        child.ready = dict(json.loads(line))
    except (ValueError, TypeError):
        said = line[:80].decode(errors="replace").strip()
        raise ChildError(f"{child.name}: its first line is no JSON object: {said!r}") from None
    if error := child.ready.get("error"):
        raise ChildError(f"{child.name}: {error}")


async def _end(child: Child) -> None:
    """Let go, ask, then kill; and take along whatever it started itself.

    The killing awaits nothing, so that it is done also when the patience is cancelled.
    """
    assert child.process.stdin is not None
    family = _family(child.pid)
    child.process.stdin.close()
    try:
        if child.alive:
            with suppress(ProcessLookupError):
                child.process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await child.process.wait()
    finally:
        if child.alive:
            with suppress(ProcessLookupError):
                child.process.kill()
        for orphan in {*family, *_family(child.pid)}:
            with suppress(psutil.Error):
                orphan.kill()
    await child.process.wait()
    # Its pipes close with it, but only when the loop comes to see it: not always before the end.
    child.process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001  the only handle


def _family(pid: int) -> set[psutil.Process]:
    """What the process `pid` started: its descendants, and the session that may outlive it."""
    family: set[psutil.Process] = set()
    with suppress(psutil.Error):
        family.update(psutil.Process(pid).children(recursive=True))
    for other in psutil.pids():
        with suppress(psutil.Error, OSError):
            if other != pid and os.getsid(other) == pid:
                family.add(psutil.Process(other))
    return family
