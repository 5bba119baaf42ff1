"""Children of the harness: started, heard, ended with all they started."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from harness.process.child import Child, ChildError, Run, start_child
from harness.process.journal import Journal, pending
from tests.processes import alive, until, wait_until_gone

SERVICE = """
from harness.process.control_channel import on_release, take_config, tell
import os, threading
released = threading.Event()
config = take_config()
on_release(released.set, lambda message: tell({"echo": message}))
tell({"ready": True, "secret": config["secret"], "run": os.environ["HARNESS_RUN_ID"]})
released.wait(60)
"""
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stdin.readline()
print('{"ready": true}', flush=True)
time.sleep(60)
"""
PARENT = """
import json, subprocess, sys, time
sys.stdin.readline()
kids = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(2)]
print(json.dumps({"ready": True, "kids": [kid.pid for kid in kids]}), flush=True)
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    journal = Journal(tmp_path / "journal.jsonl")
    yield Run(run_id="abc123", folder=tmp_path, journal=journal, clock_start_s=0.0)
    journal.close()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@asynccontextmanager
async def started(run: Run, code: str, *, ready_timeout_s: float = 15) -> AsyncIterator[Child]:
    config = {"secret": "hidden"}
    async with start_child(
        run, "service", python(code), config=config, ready_timeout_s=ready_timeout_s
    ) as child:
        yield child


def undone(run: Run) -> bool:
    return pending(run.folder / "journal.jsonl") == []


def test_a_service_is_configured_heard_and_ended(run: Run) -> None:
    """Config goes in, messages come out, the block's end is its end; the journal knows."""

    async def main() -> None:
        async with started(run, SERVICE) as child:
            assert child.ready == {"ready": True, "secret": "hidden", "run": "abc123"}
            assert child.alive
            assert not undone(run)
            assert os.getsid(child.pid) == child.pid
            await child.send({"number": 1})
            assert await anext(child.messages()) == {"echo": {"number": 1}}
        assert child.exit_code in (0, -15)
        assert not alive(child.pid)
        assert undone(run)

    asyncio.run(main())


def test_the_configuration_is_in_no_argument_environment_or_file(run: Run) -> None:
    """It may hold secrets."""

    async def main() -> None:
        async with started(run, SERVICE) as child:
            process = psutil.Process(child.pid)
            assert "hidden" not in " ".join(process.cmdline())
            assert "hidden" not in str(process.environ())
            for path in run.folder.rglob("*"):
                assert not path.is_file() or b"hidden" not in path.read_bytes()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit('cannot bind')", "service: ended with code 1 .*: cannot bind"),
        ("pass", "service: ended with code 0 before it was ready: no output"),
        ("import time; time.sleep(60)", "service: not ready within 1 s"),
        ("import os, time; os.close(1); time.sleep(60)", "service: not ready within 1 s"),
        ("print('Hello!')", "service: its first line is no JSON object: 'Hello!'"),
        ("print('7')", "service: its first line is no JSON object: '7'"),
        ('print(\'{"error": "port 80 is taken"}\')', "service: port 80 is taken"),
    ],
)
def test_a_service_that_does_not_start_is_one_sentence(run: Run, code: str, message: str) -> None:
    """With its name and its last words; nothing is left of it."""

    async def main() -> None:
        with pytest.raises(ChildError, match=message):
            async with started(run, code, ready_timeout_s=1):
                pass

    asyncio.run(main())
    assert undone(run)


def test_a_program_that_is_not_there_is_one_sentence(run: Run) -> None:
    """And its journal record is crossed out."""

    async def main() -> None:
        with pytest.raises(ChildError, match="/no/such/program: cannot be started: No such file"):
            async with start_child(run, "link", ["/no/such/program"], config=None):
                pass

    asyncio.run(main())
    assert undone(run)


def test_a_stubborn_service_is_killed(run: Run) -> None:
    """It ignores SIGTERM and the end of its control channel; after some patience it is killed."""

    async def main() -> None:
        async with started(run, STUBBORN) as child:
            pass
        assert child.exit_code == -9

    asyncio.run(main())
    assert undone(run)


def test_a_second_cancel_takes_the_patience_but_not_the_kill(run: Run) -> None:
    """A user who cannot wait leaves nothing running all the same."""
    pids: list[int] = []

    async def hold() -> None:
        async with started(run, STUBBORN) as child:
            pids.append(child.pid)
            await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.ensure_future(hold())
        await until(lambda: bool(pids))
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.2)
        with pytest.raises(asyncio.CancelledError):
            await task

    began_s = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began_s < 3
    wait_until_gone(*pids)
    assert undone(run)


def test_grandchildren_end_too_although_their_parent_ended_first(run: Run) -> None:
    """They hold the pipes and have no parent any more; the session gives them away."""

    async def main() -> list[int]:
        async with started(run, PARENT) as child:
            await until(lambda: not child.alive)
            kids: list[int] = child.ready["kids"]
            assert all(alive(kid) for kid in kids)
        return kids

    kids = asyncio.run(main())
    wait_until_gone(*kids)


def test_what_a_service_writes_to_stderr_is_in_its_log(run: Run) -> None:
    """The tail of the log explains a death."""
    code = "import sys; print('one\\ntwo', file=sys.stderr)\n" + SERVICE

    async def main() -> None:
        async with started(run, code) as child:
            assert child.tail(1) == "two"
            assert child.log == run.folder / "logs" / "service.log"

    asyncio.run(main())


def test_a_foreign_program_needs_no_configuration(run: Run) -> None:
    """It is started as it is, and what it prints is in its log."""

    async def main() -> None:
        code = "print('up', flush=True); import time; time.sleep(60)"
        async with start_child(run, "link", python(code), config=None) as child:
            await until(lambda: child.tail() == "up")
        assert child.exit_code == -15

    asyncio.run(main())


def test_a_send_to_the_dead_is_nothing(run: Run) -> None:
    """Its death is told by its exit code, not by whoever speaks to it next."""

    async def main() -> None:
        async with started(run, SERVICE) as child:
            psutil.Process(child.pid).kill()
            for _ in range(20):
                await child.send({"number": 1})
            await until(lambda: not child.alive)
            await child.send({"number": 2})
            assert child.exit_code == -9

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_harness_takes_its_services_along(tmp_path: Path) -> None:
    """SIGKILL of the harness: the control channel and the kernel end the service."""
    code = f"""
import asyncio, sys
from pathlib import Path
from harness.process.child import Run, start_child
from harness.process.journal import Journal
async def main():
    folder = Path(sys.argv[1])
    run = Run(run_id="abc123", folder=folder, journal=Journal(folder / "journal.jsonl"),
              clock_start_s=0.0)
    argv = [sys.executable, "-c", {SERVICE!r}]
    async with start_child(run, "service", argv, config={{"secret": ""}}) as child:
        print(child.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    argv = [*python(code), str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        pid = int(harness.stdout.readline())
        assert alive(pid)
        harness.kill()
    wait_until_gone(pid)
    assert [record["undo"]["kind"] for record in pending(tmp_path / "journal.jsonl")] == [
        "end_processes"
    ]
