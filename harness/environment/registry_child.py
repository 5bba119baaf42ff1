"""The registry's process: the embedded registry behind the gateway, a port for each node.

The control channel is standard input and output, which only the harness holds, so it needs no
port and no password. A message is `{"id", "do", ...}`, its answer `{"id", ...}` or
`{"id", "error"}`; `ControlDesk` has the words.
"""

import asyncio
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from harness.environment.control_desk import ControlDesk, Served
from harness.gateway.access_log import AccessLog
from harness.gateway.app import Gateway
from harness.gateway.client_connection import NodeProtocol
from harness.gateway.handshakes import Handshakes, server_context
from harness.gateway.network import Network
from harness.gateway.network_limits import NetworkLimits
from harness.gateway.rules import Rules
from harness.gateway.storage import Storage
from harness.gateway.tls_acceptor import Door
from harness.gateway.upstream.addresses import Addresses
from harness.gateway.upstream.http_client import Pool
from harness.gateway.upstream.reverse_proxy import Upstream
from harness.process import control_channel
from harness.registry.app import Registry
from harness.registry.gate import refuse_as
from harness.registry.guard import Guard
from harness.registry.profile import Limits
from harness.registry.profiles import PROFILES
from harness.registry.tokens import Account, TokenService

_BACKLOG = 1024
_SHUTDOWN_S = 0.5  # for answers that are on their way, and again for those broken off


class _Server(uvicorn.Server):
    """Signals are this module's affair: Uvicorn would take SIGINT back. So is the end: it waits."""

    def __init__(self, config: uvicorn.Config, rules: Rules, handshakes: Handshakes | None) -> None:
        super().__init__(config)
        self._rules = rules
        self._handshakes = handshakes
        self._door: Door | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """With TLS the connections come in by a door of our own."""
        assert sockets is not None
        if self._handshakes is None:
            await super().startup(sockets)
            return
        await super().startup([])
        self._door = Door(sockets, self._handshakes, self._protocol)
        self._door.open()

    def _protocol(self) -> NodeProtocol:
        return NodeProtocol(self.config, self.server_state, {})

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new connections, let short answers end, break off the others."""
        if self._door is not None:
            self._door.close()
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        self._rules.clear()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._wait_for_answers()
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await self._wait_for_answers()

    async def _wait_for_answers(self) -> None:
        if tasks := self.server_state.tasks:
            await asyncio.wait(tasks, timeout=_SHUTDOWN_S)


def _served(config: Mapping[str, Any], tokens: TokenService, *, guarded: bool) -> Served:
    if (upstream := config.get("upstream")) is None:
        limits = config["limits"]
        registry = Registry(
            Path(config["root"]),
            tokens,
            guarded=guarded,
            profile=PROFILES[config["profile"]],
            limits=None if limits is None else Limits(**limits),
        )
        return Served(app=registry, registry=registry)
    addresses = Addresses(upstream["url"], upstream["allowed"])
    proxy = Upstream(addresses, Pool())
    own_tokens = guarded and upstream["own_tokens"]
    return Served(app=Guard(proxy, tokens) if own_tokens else proxy, addresses=addresses)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        control_channel.tell({"ready": False, "error": f"port {port} of {host}: {error.strerror}"})
        raise SystemExit(1) from None
    listener.listen(_BACKLOG)
    return listener


async def serve(config: dict[str, Any]) -> None:
    """Serve until the control channel closes or SIGTERM comes."""
    account = Account(username=config["username"], password=config["password"])
    guarded = config["auth"] == "token"
    tokens = TokenService(
        account if guarded else None,
        lifetime_s=config["token_lifetime_s"],
    )
    served = _served(config, tokens, guarded=guarded)
    log = AccessLog(Path(config["access_log"]))
    ports_before = config.get("ports", {})  # of the process that this one follows
    sockets = [_listen(config["host"], config["port"])]
    sockets += [_listen(config["host"], ports_before.get(node, 0)) for node in config["nodes"]]
    storage = _listen(config["storage_host"], config.get("storage_port", 0))
    refuse = partial(refuse_as, PROFILES[config["profile"]])
    network = Network(
        NetworkLimits(**config["network"]), without_cap=frozenset(config["without_cap"])
    )
    rules = Rules(refuse, Storage(storage.getsockname()[1]))
    ports = [it.getsockname()[1] for it in sockets]
    nodes = dict(zip(ports[1:], config["nodes"], strict=True))
    certificate = config["certificate"]
    handshakes = Handshakes(server_context(certificate), nodes) if certificate else None
    server = _Server(
        uvicorn.Config(
            Gateway(served.app, nodes=nodes, rules=rules, log=log, network=network),
            http=NodeProtocol,
            loop="none",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=75,
        ),
        rules,
        handshakes,
    )
    _attend(server, ControlDesk(rules, served, log, handshakes, network))
    flushing = asyncio.ensure_future(log.keep_flushing())
    ready = {
        "ready": True,
        "port": ports[0],
        "ports": dict(zip(config["nodes"], ports[1:], strict=True)),
        "storage_port": storage.getsockname()[1],
    }
    asyncio.get_running_loop().call_soon(control_channel.tell, ready)
    try:
        await server.serve([*sockets, storage])
    finally:
        flushing.cancel()
        log.close()
        if served.registry is not None:
            served.registry.index.close()


def _attend(server: uvicorn.Server, desk: ControlDesk) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    loop.add_signal_handler(signal.SIGTERM, stop)
    control_channel.answer_orders(loop.call_soon_threadsafe, desk.orders(), stop)


if __name__ == "__main__":
    control_channel.run_child(serve)
