"""Starts the server behind the link: the embedded one, or a real Toxiproxy."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from harness.environment.go_program import SetupFailed
from harness.environment.link_control import LinkControl, LinkError
from harness.environment.programs import TOXIPROXY
from harness.process.child import Child, ChildError, Run, free_port, start_child

_START_S = 10.0
_PORT_TRIES = 5
_MAJOR_VERSION = "2."

# The process, its control API, and the version that it answers with.
StartedServer = tuple[Child, LinkControl, str]


def find_program(kind: str, named: str | None, cache_folder: Path | None) -> Path | None:
    """The Toxiproxy to use, None for the embedded server. Raises LinkError."""
    try:
        found = TOXIPROXY.find(named=named, cache_folder=cache_folder)
    except SetupFailed as error:
        raise LinkError(str(error)) from error
    if found is None and kind == "toxiproxy":
        raise LinkError(
            "link: toxiproxy is asked for but no toxiproxy-server is on PATH or in the cache: "
            "run `harness setup toxiproxy`, or use `link: embedded`"
        )
    return found


@asynccontextmanager
async def embedded_server(
    run: Run, *, control_port: int, token: str, seed: int
) -> AsyncIterator[StartedServer]:
    """The embedded server. Raises ChildError, LinkError."""
    config = {"control_port": control_port, "token": token, "seed": seed}
    argv = [sys.executable, "-m", "harness.link"]
    async with start_child(run, "link", argv, config=config) as child:
        url = f"http://127.0.0.1:{child.ready['control_port']}"
        with closing(LinkControl(url, token=token)) as control:
            yield child, control, await asyncio.to_thread(control.version)


@asynccontextmanager
async def toxiproxy_server(
    run: Run, program: Path, control_port: int
) -> AsyncIterator[StartedServer]:
    """A real Toxiproxy. Raises ChildError, LinkError.

    It does not print the port that it got for 0, so a free one is chosen, and again if lost.
    """
    for attempt in range(_PORT_TRIES):
        port = control_port or free_port()
        # `env` replaces itself by the program. Toxiproxy's own level writes a line a connection.
        argv = ["env", "LOG_LEVEL=warn", str(program), "-host", "127.0.0.1", "-port", str(port)]
        async with AsyncExitStack() as stack:
            child = await stack.enter_async_context(start_child(run, "link", argv, config=None))
            control = stack.enter_context(closing(LinkControl(f"http://127.0.0.1:{port}")))
            version = await _answering(child, control)
            if version is None and attempt + 1 < _PORT_TRIES and not control_port:
                continue
            if version is None:
                raise ChildError(f"link: {program} cannot listen on 127.0.0.1:{port}: it is taken")
            if version != "git" and not version.startswith(_MAJOR_VERSION):
                raise LinkError(f"link: {program} is Toxiproxy {version}, and 2.x is needed")
            yield child, control, version
            return


async def _answering(child: Child, control: LinkControl) -> str | None:
    """The version that `child` answers with; None when its port is another program's.

    Toxiproxy lives on when its port is taken, and only writes so to its log.
    """
    until = time.monotonic() + _START_S
    while True:
        try:
            version = await asyncio.to_thread(control.version)
        except LinkError as error:
            if not child.alive:
                reason = child.tail(1) or "no output"
                raise ChildError(
                    f"link: ended with code {child.exit_code} before it was ready: {reason}"
                ) from error
            if time.monotonic() > until:
                raise ChildError(f"link: not ready within {_START_S:g} s: {error}") from error
        else:
            return None if "Server finished with error" in child.tail(20) else version
        if "Server finished with error" in child.tail(20):
            return None
        await asyncio.sleep(0.02)
