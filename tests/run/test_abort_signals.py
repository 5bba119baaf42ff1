"""Signals that stop a run: a real server that fails, real commands, and who may be asked."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.plan.aborts import AbortSignal
from harness.recording.events import Aborted
from harness.run.abort_signals import SignalRefused, require_allowed, until_failed
from harness.run.timeline import RunClock
from tests.scripted_server import HANG, RST, Steps, free_port, ok, scripted

USUAL: dict[str, Any] = {"over_s": 0.0, "every_s": 0.02, "timeout_s": 5.0, "text": "it"}


def url(target: str, **more: Any) -> AbortSignal:
    usual: dict[str, Any] = {
        "kind": "url",
        "over_s": 0.0,
        "every_s": 0.02,
        "timeout_s": 2.0,
        "text": "it",
    }
    return AbortSignal(target=(target,), **(usual | more))


def command(*target: str, **more: Any) -> AbortSignal:
    usual: dict[str, Any] = {
        "kind": "command",
        "over_s": 0.0,
        "every_s": 0.02,
        "timeout_s": 5.0,
        "text": "it",
    }
    return AbortSignal(target=target, **(usual | more))


def failed(one: AbortSignal, within_s: float = 20.0) -> Aborted:
    async def main() -> Aborted:
        async with asyncio.timeout(within_s):
            clock = RunClock()
            clock.start()
            return await until_failed(one, clock)

    return asyncio.run(main())


FINE = ok(b"", status="204 No Content").replace(b"Content-Length: 0\r\n", b"")
BROKEN = ok(b"", status="503 No")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([BROKEN], "answered 503"),
        ([ok(b"", "Location: http://169.254.169.254/", status="302 Found")], "answered 302"),
        ([RST], "ReadError"),
        ([b"SSH-2.0-x\r\n\r\n"], "RemoteProtocolError"),
        ([HANG], "no answer within 3 s"),
    ],
)
def test_a_url_fails_by_all_but_a_2xx(steps: Steps, said: str) -> None:
    """The reason is in the event; no redirect is followed."""
    with scripted([[FINE], [FINE], steps]) as server:
        aborted = failed(url(server.url, timeout_s=3.0))
        assert len(server.asks) >= 3
    assert (aborted.metric, aborted.limit) == ("url", "over 0 s")
    assert aborted.reason.startswith("abort_when: url it failed: ")
    assert said in aborted.reason


def test_nobody_at_the_url_is_a_failure() -> None:
    assert "ConnectError" in failed(url(f"http://127.0.0.1:{free_port()}/")).text


def test_a_failure_that_passes_does_not_abort() -> None:
    """It counts from the first failure of those that follow on one another."""
    with scripted([[BROKEN], [BROKEN], [FINE], [BROKEN]]) as server:
        aborted = failed(url(server.url, over_s=0.4))
        assert len(server.asks) >= 5
    assert aborted.value >= 0.4
    assert aborted.at_s >= aborted.value


PYTHON = sys.executable


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((PYTHON, "-c", "raise SystemExit(3)"), "exited with 3"),
        (
            (PYTHON, "-c", "import sys; sys.exit('one\\ntwo\\x1b[31m')"),
            "exited with 1: two\ufffd[31m",
        ),
        ((PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"), "exited with -9"),
        (("/nowhere/at all",), "cannot be started: "),
        (
            (PYTHON, "-c", "while True: print('x' * 9999, file=__import__('sys').stderr)"),
            "not done",
        ),
    ],
)
def test_a_command_fails_by_all_but_0(argv: tuple[str, ...], said: str) -> None:
    """Its last line of errors is shown, and never obeyed; what it writes is not kept."""
    assert said in failed(command(*argv, timeout_s=1.5)).text


def test_a_command_gets_its_arguments_and_no_shell(tmp_path: Path) -> None:
    """Words that a shell would obey are words."""
    code = f"import sys; open({str(tmp_path / 'a')!r}, 'a').write(sys.argv[1]); sys.exit(1)"
    failed(command(PYTHON, "-c", code, "$(touch b); *"))
    assert (tmp_path / "a").read_text() == "$(touch b); *"


@pytest.mark.parametrize("how", ["too long", "cancelled"])
def test_nothing_of_a_command_stays(tmp_path: Path, how: str) -> None:
    """Its children neither, whether it takes too long or the run is over."""
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.replace({str(pids)!r} + '.new', {str(pids)!r})\n"
        "time.sleep(60)\n"
    )

    async def main() -> None:
        one = command(PYTHON, "-c", code, timeout_s=3.0 if how == "too long" else 60.0)
        clock = RunClock()
        clock.start()
        trying = asyncio.ensure_future(until_failed(one, clock))
        if how == "cancelled":
            await asyncio.to_thread(_wait_for, pids)
            trying.cancel()
        await asyncio.wait([trying], timeout=20)
        assert trying.cancelled() if how == "cancelled" else "not done" in trying.result().text

    asyncio.run(main())
    until_s = time.monotonic() + 10
    alive = [int(pid) for pid in pids.read_text().split()]
    while alive and time.monotonic() < until_s:
        alive = [pid for pid in alive if _lives(pid)]
    assert alive == []


def _wait_for(path: Path) -> None:
    until_s = time.monotonic() + 20
    while not path.exists() and time.monotonic() < until_s:
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("one", "hosts", "commands", "said"),
    [
        (url("http://127.0.0.1:9/x"), (), False, ""),
        (url("http://localhost/x"), (), False, ""),
        (url("https://[::1]:9/x"), (), False, ""),
        (url("http://169.254.169.254/x"), (), True, "--allow-signal 169.254.169.254"),
        (url("http://localhost.evil.test/"), (), False, "--allow-signal localhost.evil.test"),
        (url("http://a.test:9/"), ("b.test", "a.test:8"), False, "--allow-signal a.test:9"),
        (url("http://A.test:9/"), ("a.test",), False, ""),
        (url("http://a.test:9/"), ("A.test:9",), False, ""),
        (command("rm"), ("rm",), False, "--allow-commands"),
        (command("rm"), (), True, ""),
    ],
)
def test_who_may_be_asked_and_what_may_run(
    one: AbortSignal, hosts: tuple[str, ...], said: str, *, commands: bool
) -> None:
    """Loopback; anything else only by the user's leave, and the sentence says how to give it."""
    if not said:
        require_allowed([one], hosts, commands=commands)
        return
    with pytest.raises(SignalRefused, match=said):
        require_allowed([one], hosts, commands=commands)
