"""The child's end of the line between the harness and the services it starts.

The first line on stdin is the configuration (it may hold secrets, so it is never in argv, the
environment or a file); later lines are messages; the end of stdin means that the harness is gone
or has let go, and the child ends. Standard output carries one JSON object a line.
"""

import asyncio
import gc
import json
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

_telling = threading.Lock()


def take_config() -> dict[str, Any]:
    """The configuration, from the first line of stdin.

    Ctrl-C reaches the whole foreground group; only the harness answers it, in its own order.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(0)
    config: dict[str, Any] = json.loads(line)
    return config


def tell(message: dict[str, Any]) -> None:
    """Write `message` to the harness, from any thread. A harness that is gone is no error here."""
    with _telling, suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def on_release(
    callback: Callable[[], object], on_message: Callable[[dict[str, Any]], object] | None = None
) -> None:
    """Call `callback` once when stdin ends, and `on_message` for each line before, in a thread.

    Lines that are no JSON object are passed over. The child is let go also when `on_message` or
    the reading fails: without its control channel it would live for ever.
    """

    def read() -> None:
        try:
            for line in sys.stdin:
                message = message_in(line)
                if message is not None and on_message is not None:
                    on_message(message)
        finally:
            callback()

    threading.Thread(target=read, name="control channel", daemon=True).start()


def message_in(line: str | bytes) -> dict[str, Any] | None:
    """The JSON object of a line, if it is one."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


Orders = Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any] | None]]


def answer_to(message: Mapping[str, Any], orders: Orders) -> dict[str, Any]:
    """Do what `message` asks: `{"id", ...}` with what that gave, or `{"id", "error"}`."""
    answer = {"id": message.get("id")}
    do = message.get("do")
    if not isinstance(do, str) or do not in orders:
        return {**answer, "error": f"do: {', '.join(orders)}, got {do!r}"}
    try:
        return {**answer, **(orders[do](message) or {})}
    except (LookupError, TypeError, ValueError, AttributeError, OSError) as error:
        return {**answer, "error": f"{do}: {type(error).__name__}: {error}"}


def answer_orders(
    call_soon: Callable[[Callable[[], object]], object],
    orders: Orders,
    on_end: Callable[[], object],
) -> None:
    """Answer orders where `call_soon`, a loop's own for threads, runs them, until the release."""

    def release() -> None:
        with suppress(RuntimeError):  # the loop has ended by itself
            call_soon(on_end)

    on_release(release, lambda message: call_soon(lambda: tell(answer_to(message, orders))))


def raise_open_file_limit() -> None:
    """Allow as many open files as the system lets this process have: a socket for each node."""
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run_child(serve: Callable[[dict[str, Any]], Coroutine[Any, Any, None]]) -> None:
    """A child's main function: `serve` with its configuration, on uvloop where there is one."""
    config = take_config()
    raise_open_file_limit()
    gc.freeze()  # what was imported is not looked at again
    try:
        import uvloop  # noqa: PLC0415  not on Windows
    except ImportError:
        asyncio.run(serve(config))
    else:
        uvloop.run(serve(config))
    sys.stdout.flush()
