"""The registry's process: the embedded registry behind the gateway, a port for each node.

The control channel is the leash: standard input and output, which only the harness holds, so it
needs no port and no password. A message is `{"id", "do", ...}`, its answer `{"id", ...}` or
`{"id", "error"}`; `ControlDesk` has the words.
"""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn

from harness import leash
from harness.gateway.access import AccessLog
from harness.gateway.app import Gateway
from harness.gateway.connection import NodeProtocol
from harness.gateway.orders import read_order
from harness.gateway.rules import Rules
from harness.registry.app import Registry
from harness.registry.profile import Limits
from harness.registry.profiles import PROFILES
from harness.registry.tokens import Account, TokenService

_BACKLOG = 1024
_SHUTDOWN_S = 0.5  # for answers that are on their way, and again for those broken off


class _Server(uvicorn.Server):
    """Signals are this module's affair: Uvicorn would take SIGINT back. So is the end: it waits."""

    def __init__(self, config: uvicorn.Config, rules: Rules) -> None:
        super().__init__(config)
        self._rules = rules

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new connections, let short answers end, break off the others."""
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


class ControlDesk:
    """Does what control messages say."""

    def __init__(self, rules: Rules, registry: Registry, log: AccessLog) -> None:
        self._rules = rules
        self._registry = registry
        self._log = log

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to `message`; a malformed one is refused in it."""
        answer: dict[str, Any] = {"id": message.get("id")}
        orders: dict[Any, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "add_rule": self._add_rule,
            "remove_rule": lambda order: {"bites": self._rules.remove(order["rule"])},
            "bites": lambda order: {"bites": self._rules.bites(order["rules"])},
            "add_image": self._add_image,
            "undo_of": self._undo_of,
            "change_index": self._change_index,
            "set_clock": self._set_clock,
            "write_records": self._write_records,
            "lift_quotas": self._lift_quotas,
        }
        try:
            order = orders.get(message.get("do"))
            if order is None:
                return {**answer, "error": f"do: {message.get('do')!r} is not known"}
            answer |= order(message)
        except (LookupError, TypeError, ValueError, AttributeError, OSError) as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        return answer

    def _add_rule(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self._rules.add(read_order(order["rule"]))
        return {}

    def _undo_of(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return {"undo": self._registry.index.undo_of(order["changes"])}

    def _change_index(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self._registry.index.change(order["changes"])
        return {}

    def _set_clock(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """A run begins: times and quotas count from now."""
        self._log.start_s = float(order["start_s"])
        if self._registry.quotas is not None:
            self._registry.quotas.start()
        return {}

    def _lift_quotas(self, _: Mapping[str, Any]) -> dict[str, Any]:
        if self._registry.quotas is not None:
            self._registry.quotas.stop()
        return {}

    def _write_records(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self._log.flush()
        return {}

    def _add_image(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """`manifests`: digest and media type, the tagged one last; `layers`: places by digest."""
        name = message["repository"]
        self._registry.index.add_blobs(name, message["blobs"])
        *others, (digest, media_type) = message["manifests"]
        for other, its_type in others:
            self._registry.index.add_manifest(name, other, its_type)
        self._registry.index.add_manifest(name, digest, media_type, tags=[message["tag"]])
        self._rules.add_layers(name, message["layers"])
        return {}


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        leash.tell({"ready": False, "error": f"port {port} of {host}: {error.strerror}"})
        raise SystemExit(1) from None
    listener.listen(_BACKLOG)
    return listener


async def serve(config: Mapping[str, Any]) -> None:
    """Serve until the leash is let go or SIGTERM comes."""
    account = Account(username=config["username"], password=config["password"])
    guarded = config["auth"] == "token"
    tokens = TokenService(
        account if guarded else None,
        lifetime_s=config["token_lifetime_s"],
        anonymous_pull=config["anonymous_pull"],
    )
    limits = config["limits"]
    registry = Registry(
        Path(config["root"]),
        tokens,
        guarded=guarded,
        profile=PROFILES[config["profile"]],
        limits=None if limits is None else Limits(**limits),
    )
    rules, log = Rules(), AccessLog(Path(config["access_log"]), config["clock_start_s"])
    sockets = [_listen(config["host"], config["port"])]
    sockets += [_listen(config["host"], 0) for _ in config["nodes"]]
    ports = [it.getsockname()[1] for it in sockets]
    nodes = dict(zip(ports[1:], config["nodes"], strict=True))
    server = _Server(
        uvicorn.Config(
            Gateway(registry, nodes=nodes, rules=rules, log=log),
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
    )
    _attend(server, ControlDesk(rules, registry, log))
    flushing = asyncio.ensure_future(log.keep_flushing())
    ready = {
        "ready": True,
        "port": ports[0],
        "ports": dict(zip(config["nodes"], ports[1:], strict=True)),
    }
    asyncio.get_running_loop().call_soon(leash.tell, ready)
    try:
        await server.serve(sockets)
    finally:
        flushing.cancel()
        log.close()
        registry.index.close()


def _attend(server: uvicorn.Server, desk: ControlDesk) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    def on_message(message: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(lambda: leash.tell(desk.answer(message)))

    def on_release() -> None:
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(stop)

    loop.add_signal_handler(signal.SIGTERM, stop)
    leash.on_release(on_release, on_message)


def main() -> None:
    config = leash.take_config()
    leash.raise_open_file_limit()
    gc.freeze()  # what was imported is not looked at again
    try:
        import uvloop  # noqa: PLC0415  not on Windows
    except ImportError:
        asyncio.run(serve(config))
    else:
        uvloop.run(serve(config))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
