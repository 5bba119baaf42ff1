"""The reference registry as a service of a run: on loopback, with its content in the run folder."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from harness.process.child import Child, ChildError, Run, start_child

NAME: Final = "distribution"
_FOLDER: Final = "distribution"
_READY_S: Final = 15.0
_POLL_S: Final = 0.02


@asynccontextmanager
async def open_distribution(
    run: Run, program: Path, root: Path
) -> AsyncIterator[tuple[Child, str]]:
    """Start `program` with its content below `root`; its process and URL. Raises ChildError.

    It asks for no login: it has no token service of its own, so the harness's stands before it.
    """
    folder = root / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yml"  # JSON, which is YAML
    config.write_text(json.dumps(_configuration(folder / "content")), encoding="utf-8")
    # It would send traces to a collector that nobody runs, and log each that is lost.
    argv = ("env", "OTEL_TRACES_EXPORTER=none", str(program), "serve", str(config))
    async with start_child(run, NAME, argv, config=None) as child:
        yield child, f"http://127.0.0.1:{await _port(child)}"


def _configuration(content: Path) -> dict[str, object]:
    return {
        "version": 0.1,
        "log": {"accesslog": {"disabled": True}, "level": "error"},
        "storage": {
            "filesystem": {"rootdirectory": str(content.resolve())},
            "delete": {"enabled": True},
        },
        "http": {"addr": "127.0.0.1:0"},
    }


async def _port(child: Child) -> int:
    """The port that it listens on; it would log it, beside every request of the run."""
    try:
        async with asyncio.timeout(_READY_S):
            while not (port := _listening(child)):
                if not child.alive:
                    reason = child.tail(1) or "no output"
                    raise ChildError(f"{NAME}: ended before it was ready: {reason[:300]}")
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise ChildError(f"{NAME}: not ready within {_READY_S:g} s") from None
    return port


def _listening(child: Child) -> int:
    """Its listening port on loopback; 0 when it has none yet."""
    with suppress(psutil.Error):
        for connection in psutil.Process(child.pid).net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.ip == "127.0.0.1":
                return int(connection.laddr.port)
    return 0
