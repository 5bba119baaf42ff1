"""The resolver as a process: `python -m harness.resolver`, on a control channel.

Configuration: `{"name", "address", "others", "listen_host", "ports": {node: port or 0}}`.
"""

import asyncio
from typing import Any

from harness.process.control_channel import answer_orders, raise_open_file_limit, take_config, tell
from harness.resolver.answers import NameServer
from harness.resolver.control import orders_of
from harness.resolver.endpoints import Endpoints, PortError
from harness.resolver.zone import Zone


async def serve(config: dict[str, Any]) -> None:
    """Answer until the harness lets go."""
    loop = asyncio.get_running_loop()
    released = asyncio.Event()
    zone = Zone(name=config["name"], address=config["address"], others=config["others"])
    server = NameServer(zone=zone)
    endpoints = Endpoints()
    try:
        await endpoints.open(server, config["listen_host"], config["ports"])
    except PortError as error:
        endpoints.close()
        tell({"error": str(error)})
        return

    answer_orders(loop.call_soon_threadsafe, orders_of(server), released.set)
    tell({"ready": True, "ports": endpoints.ports})
    await released.wait()
    endpoints.close()


def main() -> None:
    config = take_config()
    raise_open_file_limit()
    asyncio.run(serve(config))


main()
