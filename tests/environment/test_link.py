"""Opening a link: what is chosen, and what is said when it cannot be had."""

import asyncio
import threading
from pathlib import Path

import pytest

from harness.environment.link import _in_thread, open_link
from harness.environment.link_control import LinkControl, LinkError
from tests.link_lab import free_port, new_run


def test_work_under_way_is_finished_before_a_cancel_goes_on() -> None:
    """Otherwise a change could be made after it was undone; a second cancel changes nothing."""

    async def main() -> None:
        begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            may_end.wait(20)
            done.set()

        task = asyncio.ensure_future(_in_thread(work))
        await asyncio.to_thread(begun.wait, 20)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.05)
            assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done.is_set()

    asyncio.run(main())


def test_automatic_is_embedded_where_no_toxiproxy_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing installed but Python still gives a link, and says which."""
    monkeypatch.setenv("PATH", str(tmp_path))

    async def main() -> None:
        with new_run(tmp_path) as run:
            async with open_link(run, upstream_ports={"n": 9}, cache_folder=tmp_path) as room:
                assert room.kind == "embedded"
                assert room.version == "2.12.0"

    asyncio.run(main())


def test_a_toxiproxy_that_is_requested_but_missing_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fix is in the sentence."""
    monkeypatch.setenv("PATH", str(tmp_path))

    async def main() -> None:
        with new_run(tmp_path) as run:
            room = open_link(
                run,
                kind="toxiproxy",
                upstream_ports={"n": 9},
                cache_folder=tmp_path,
            )
            with pytest.raises(LinkError, match="harness setup toxiproxy"):
                await room.__aenter__()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("echo 'no such flag' >&2; exit 2", "ended with code 2 before it was ready: no such flag"),
        ("exit 0", "ended with code 0 before it was ready: no output"),
    ],
)
def test_a_program_that_is_no_toxiproxy_is_told_apart(
    tmp_path: Path, script: str, complaint: str
) -> None:
    """What it said last is the reason."""
    program = tmp_path / "toxiproxy-server"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)

    async def main() -> None:
        with new_run(tmp_path) as run:
            room = open_link(run, upstream_ports={"n": 9}, toxiproxy_path=str(program))
            with pytest.raises(Exception, match=complaint):
                await room.__aenter__()

    asyncio.run(main())


@pytest.mark.parametrize("name", ["", "a/b", "a b", "ü", "../x", ".hidden"])
def test_a_node_name_that_a_url_cannot_carry_is_refused(tmp_path: Path, name: str) -> None:
    """The name and the rule are in the message, and nothing was started."""

    async def main() -> None:
        with new_run(tmp_path) as run:
            room = open_link(run, kind="embedded", upstream_ports={name: 9})
            with pytest.raises(LinkError, match="only letters, digits"):
                await room.__aenter__()
            assert not (tmp_path / "logs").exists()

    asyncio.run(main())


def test_a_server_that_is_not_there_is_named() -> None:
    """No answer is one sentence with the address, whatever the environment says of proxies."""
    control = LinkControl(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(LinkError, match=r"http://127\.0\.0\.1:\d+/? does not answer: "):
        control.version()
    control.close()


def test_proxies_of_the_environment_are_not_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY of a company's shell does not take the control calls away."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def main() -> None:
        with new_run(tmp_path) as run:
            async with open_link(run, kind="embedded", upstream_ports={"n": 9}) as room:
                assert await room.healthy()

    asyncio.run(main())
