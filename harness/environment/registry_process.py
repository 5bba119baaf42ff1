"""The registry's process: asked, killed and started again, stopped and let go on."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil

from harness.environment.scope import FaultScope
from harness.process.child import Child, ChildError, Run, start_child
from harness.process.child_control import ControlChannel
from harness.process.completion import run_to_completion
from harness.seams import Bites

_STOPPED_S = 2.0
_POLL_S = 0.005
_ARGV = (sys.executable, "-m", "harness.environment.registry_child")


class RegistryProcess:
    """One process at a time; the next has the ports and the content of the one before.

    `control` stays the same. `is_down`: it is dead because it shall be.
    """

    def __init__(self, run: Run, config: Mapping[str, Any]) -> None:
        self.control = ControlChannel("registry")
        self.is_down = False
        self._run = run
        self._config = dict(config)
        self._hearing: asyncio.Task[None]
        self._repeated: list[tuple[str, dict[str, Any]]] = []
        self._living = AsyncExitStack()
        self._kept_ports = AsyncExitStack()

    @property
    def child(self) -> Child:
        """The latest process, which may have ended."""
        assert self.control.child is not None
        return self.control.child

    async def start(self) -> Mapping[str, Any]:
        """What the process says when it is ready. Raises ChildError."""
        starting = start_child(self._run, "registry", _ARGV, config=self._config)
        child = await self._living.enter_async_context(starting)
        self._hearing = await self._living.enter_async_context(self.control.hearing(child))
        ready = child.ready
        self._config |= {key: ready[key] for key in ("port", "ports", "storage_port")}
        return ready

    async def tell(self, do: str, **fields: Any) -> None:
        """Order what the next process needs again: this one forgets it when it dies.

        The latest order of its kind replaces the one before, but for images. Raises ChildError.
        """
        await self.control.ask(do, **fields)
        if do != "add_image":
            self._repeated = [it for it in self._repeated if it[0] != do]
        self._repeated.append((do, fields))

    async def kill(self) -> None:
        """End it at once, as a crash does; nobody can take its ports meanwhile."""
        self.is_down = True
        with suppress(ProcessLookupError):
            self.child.process.kill()
        await asyncio.wait([self._hearing])  # who waits for an answer learns that none will come
        await self._living.aclose()
        self._living = AsyncExitStack()
        for host, port in self._places():
            self._kept_ports.enter_context(_kept(host, port))

    async def start_again(self) -> None:
        """Serve the same content on the same ports. Raises ChildError."""
        try:
            await self.start()
            for do, fields in self._repeated:
                await self.control.ask(do, **fields, again=True)
        finally:
            self.is_down = False
            await self._kept_ports.aclose()

    async def close(self) -> None:
        await self._living.aclose()
        await self._kept_ports.aclose()

    def _places(self) -> list[tuple[str, int]]:
        host, config = self._config["host"], self._config
        ports = [config["port"], *config["ports"].values()]
        return [*((host, port) for port in ports), (config["storage_host"], config["storage_port"])]


def _kept(host: str, port: int) -> socket.socket:
    """A socket that keeps the port from others, but listens to nobody."""
    keeper = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):  # another has it already: the next start will say so
        keeper.bind((host, port))
    return keeper


@dataclass(frozen=True, kw_only=True)
class ScopedProcess:
    """`harness.seams.Process` for one occurrence of a fault."""

    process: RegistryProcess
    run: Run
    scope: FaultScope

    @asynccontextmanager
    async def crashed(self) -> AsyncIterator[None]:
        """See `harness.seams.Process.crashed`. Raises ChildError."""
        if self.process.is_down:
            raise ChildError("registry: another fault has killed its process already")
        try:
            await run_to_completion(self.process.kill())
            yield
        finally:
            await run_to_completion(self.process.start_again())

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """See `harness.seams.Process.paused`. Raises ChildError, OSError."""
        child = self.process.child
        if not child.alive:
            raise ChildError("registry: its process has ended and cannot be stopped")
        undo = {"kind": "continue_process", "run_id": self.run.run_id, "pid": child.pid}
        record = self.run.journal.record(undo)
        try:
            child.process.send_signal(signal.SIGSTOP)
            await _stopped(child.pid)
            yield
        finally:
            if child.alive:
                os.kill(child.pid, signal.SIGCONT)
            self.run.journal.done(record)

    async def bites(self) -> Bites:
        """A dead or stopped process counts nothing: the samples tell what it met."""
        return Bites(count=None)


async def _stopped(pid: int) -> None:
    """Wait until the process really stands still: a signal is not obeyed at once."""
    with suppress(TimeoutError, psutil.NoSuchProcess):
        async with asyncio.timeout(_STOPPED_S):
            stopped = psutil.STATUS_STOPPED
            while psutil.Process(pid).status() != stopped:  # noqa: ASYNC110  no event tells it
                await asyncio.sleep(_POLL_S)
