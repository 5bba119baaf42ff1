"""The embedded link as a process: `python -m harness.link`, configured over stdin.

Configuration: `control_port` (0: any), `token` ("": none asked), `seed`. It says
`{"ready": true, "control_port": N}` and serves until it is let go.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from harness.link.address import bind
from harness.link.api import LinkApi
from harness.process import control_channel

_BACKLOG = 128


class _Server(uvicorn.Server):
    """Signals are this process's business, not the server's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(config: dict[str, Any]) -> None:
    """Serve the control API, and through it the proxies, until the harness lets go."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    def let_go() -> None:
        loop.call_soon_threadsafe(stop.set)

    control_channel.on_release(let_go)
    try:
        control = await bind(f"127.0.0.1:{config['control_port']}")
    except OSError as error:
        reason = f"cannot listen on 127.0.0.1:{config['control_port']}: {error.strerror}"
        control_channel.tell({"ready": False, "error": reason})
        return
    api = LinkApi(seed=config["seed"], token=config["token"])
    server = _Server(
        uvicorn.Config(
            api,
            http="h11",  # it bounds the headers; speed is not what control needs
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
    control.listen(_BACKLOG)
    control_channel.tell({"ready": True, "control_port": control.getsockname()[1]})
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[control]))
        await stop.wait()
        serving.cancel()  # its own way out waits for idle clients
    await api.close()


if __name__ == "__main__":
    control_channel.run_child(serve)
