"""Signals from outside that stop a run: a URL that answers no 2xx, a command that fails.

A scenario file may be anybody's. So only loopback is asked, and hosts that the user allowed by
name; and a command runs only where the user allowed commands.
"""

import asyncio
import os
import signal
import ssl
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import httpx

from harness.plan.aborts import AbortSignal
from harness.process.completion import run_to_completion
from harness.recording.events import Aborted
from harness.run.timeline import RunClock

_SAID_BYTES: Final = 4 << 10
_SAID_CHARACTERS: Final = 200
_LEFT_S: Final = 1.0
_OWN_SHARE: Final = 0.9


class SignalRefused(Exception):  # noqa: N818  it is a state, shown to the user
    """The user did not allow it. One sentence."""


def require_allowed(
    signals: Iterable[AbortSignal], hosts: Iterable[str], *, commands: bool
) -> None:
    """Raises SignalRefused for a command, or a host beyond loopback, that is not allowed."""
    allowed = {host.lower() for host in hosts}
    for it in signals:
        if it.kind == "command" and not commands:
            raise SignalRefused(
                f"abort_when.command: {it.text} would run on this machine, as the scenario says: "
                "allow that with --allow-commands"
            )
        place = urlsplit(it.target[0]) if it.kind == "url" else None
        if place is None or _is_loopback(place.hostname or ""):
            continue
        if not allowed & {place.netloc.lower(), place.hostname}:
            raise SignalRefused(
                f"abort_when.url: {place.netloc} is not this machine: "
                f"allow it by name with --allow-signal {place.netloc}"
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False


async def until_failed(one: AbortSignal, clock: RunClock) -> Aborted:
    """Try the signal again and again until it has failed for as long as it may."""
    since_s: float | None = None
    while True:
        began_s = clock.now_s()
        problem = await (_url_problem(one) if one.kind == "url" else _command_problem(one))
        now_s = clock.now_s()
        if not problem:
            since_s = None
        elif since_s is None:
            since_s = began_s
        if since_s is not None and now_s - since_s >= one.over_s:
            failed_s = now_s - since_s
            long = f" for {failed_s:.1f} s" if one.over_s else ""
            return Aborted(
                at_s=now_s,
                metric=one.kind,
                value=failed_s,
                limit=f"over {one.over_s:g} s",
                text=f"{one.kind} {one.text} failed{long}: {problem}",
            )
        await asyncio.sleep(max(0.0, began_s + one.every_s - now_s))


async def _url_problem(one: AbortSignal) -> str:
    """Why its answer is none to go on with; "" for a 2xx. Redirects are not followed."""
    trust = _trust(secure=one.target[0].startswith("https:"))
    # Its own time-out closes a socket whose handshake stalls, and so must come first.
    own_s = one.timeout_s * _OWN_SHARE
    try:
        async with (
            asyncio.timeout(one.timeout_s),
            httpx.AsyncClient(verify=trust, trust_env=False, timeout=own_s) as client,
            client.stream("GET", one.target[0]) as answer,
        ):
            return "" if answer.is_success else f"answered {answer.status_code}"
    except (TimeoutError, httpx.TimeoutException):
        return f"no answer within {one.timeout_s:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return f"{type(error).__name__}: {str(error)[:_SAID_CHARACTERS]}"


@cache
def _trust(*, secure: bool) -> ssl.SSLContext:
    """Reading the machine's authorities takes a while; it is done once."""
    return ssl.create_default_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _command_problem(one: AbortSignal) -> str:
    """Why the command failed; "" when it ended with 0. What is left of its session is killed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *one.target,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"cannot be started: {error}"
    assert process.stderr is not None
    async with asyncio.TaskGroup() as group:
        said = group.create_task(_last_line(process.stderr, one.timeout_s))
        code = await _exit_code(process, one.timeout_s)
    if code is None:
        return f"not done within {one.timeout_s:g} s"
    return ": ".join(filter(None, (f"exited with {code}", said.result()))) if code else ""


async def _exit_code(process: asyncio.subprocess.Process, timeout_s: float) -> int | None:
    """How it ended; None for not in time. All of its session is killed, however it ends."""
    try:
        async with asyncio.timeout(timeout_s):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await run_to_completion(process.wait())


async def _last_line(stream: asyncio.StreamReader, timeout_s: float) -> str:
    """The last line that is written to `stream`, in a form that may be shown."""
    kept = b""
    with suppress(TimeoutError):  # somebody who left the session may hold it open
        async with asyncio.timeout(timeout_s + _LEFT_S):
            while part := await stream.read(_SAID_BYTES):
                kept = (kept + part)[-_SAID_BYTES:]
    lines = kept.decode(errors="replace").strip().splitlines()
    shown = lines[-1][:_SAID_CHARACTERS] if lines else ""
    return "".join(it if it.isprintable() else "\N{REPLACEMENT CHARACTER}" for it in shown)
