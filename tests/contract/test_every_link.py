"""What every link must do, embedded or a real Toxiproxy: each toxic with real sockets, and heal."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Literal

import pytest

from harness.environment.link import LinkKind, open_link
from harness.environment.link_control import LinkError
from harness.seams import Bites
from tests.link_lab import KINDS, blob, new_run, open_lab, soon, toxiproxy_path, until

pytestmark = pytest.mark.parametrize("kind", KINDS)


def test_bytes_pass_unchanged_without_a_toxic(kind: LinkKind, tmp_path: Path) -> None:
    """A blob larger than every buffer comes through whole."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            assert lab.service.kind == kind
            assert lab.service.version == "git" or lab.service.version.startswith("2.")
            assert await lab.service.healthy()
            reader, _ = await lab.ask(f"end {9_000_001}")
            assert await soon(reader.read(-1)) == blob(9_000_001)

    asyncio.run(main())


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_latency_delays_each_way(
    kind: LinkKind, tmp_path: Path, stream: Literal["upstream", "downstream"]
) -> None:
    """Data takes at least the latency, on connections open before too, and no more once healed."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            old = await lab.ask("echo")
            await lab.echo(stream=old)
            link = lab.link()
            async with link.toxic("latency", {"latency": 1000}, stream=stream):
                assert await lab.echo() >= 0.99
                assert await lab.echo(stream=old) >= 0.99
            await lab.echo(stream=old)
            assert await link.bites() == _counted(kind, await link.bites(), connections=2)

    asyncio.run(main())


def test_latency_keeps_every_byte_when_healed_early(kind: LinkKind, tmp_path: Path) -> None:
    """What is held back when the toxic goes comes at once and in order."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            async with lab.link().toxic("latency", {"latency": 60_000}):
                reader, _ = await lab.ask("end 300000")
                await asyncio.sleep(0.3)
            assert await soon(reader.read(-1)) == blob(300_000)

    asyncio.run(main())


def test_bandwidth_paces(kind: LinkKind, tmp_path: Path) -> None:
    """150 kB at 100 kB/s take at least the second that they need."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link()
            async with link.toxic("bandwidth", {"rate": 100}):
                start = time.monotonic()
                reader, _ = await lab.ask("end 150000")
                assert await soon(reader.read(-1)) == blob(150_000)
                assert time.monotonic() - start >= 1.0
            assert await link.bites() == _counted(kind, await link.bites(), connections=1)

    asyncio.run(main())


def test_bandwidth_of_nothing_holds_all_back_until_healed(kind: LinkKind, tmp_path: Path) -> None:
    """Rate 0 lets no byte pass, and loses none."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            async with lab.link().toxic("bandwidth", {"rate": 0}):
                reader, _ = await lab.ask("end 5000")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.readexactly(1), 0.5)
            assert await soon(reader.read(-1)) == blob(5000)

    asyncio.run(main())


def test_slow_close_holds_the_end_back(kind: LinkKind, tmp_path: Path) -> None:
    """The data comes, and the end of the stream a second later."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link()
            async with link.toxic("slow_close", {"delay": 1000}):
                reader, _ = await lab.ask("end 1000")
                await soon(reader.readexactly(1000))
                start = time.monotonic()
                assert await soon(reader.read(-1)) == b""
                assert time.monotonic() - start >= 0.9
            assert await link.bites() == _counted(kind, await link.bites(), connections=1)

    asyncio.run(main())


def test_timeout_drops_and_then_closes(kind: LinkKind, tmp_path: Path) -> None:
    """No byte comes, and after the timeout the connection ends."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link()
            async with link.toxic("timeout", {"timeout": 1000}):
                start = time.monotonic()
                reader, _ = await lab.ask("blob 1000")
                assert await soon(reader.read(-1)) == b""
                assert time.monotonic() - start >= 0.9
            assert await link.bites() == _counted(kind, await link.bites(), connections=1)

    asyncio.run(main())


def test_timeout_without_end_closes_when_healed(kind: LinkKind, tmp_path: Path) -> None:
    """Timeout 0 is a black hole until it is removed; then the connection ends."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            async with lab.link().toxic("timeout", {"timeout": 0}):
                reader, _ = await lab.ask("blob 1000")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.readexactly(1), 0.5)
            assert await soon(reader.read(-1)) == b""

    asyncio.run(main())


def test_timeout_that_is_removed_closes_what_it_held(kind: LinkKind, tmp_path: Path) -> None:
    """Also a connection on which nothing was sent meanwhile, and within a moment."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            reader, writer = await lab.ask("echo")
            await lab.echo(stream=(reader, writer))
            async with lab.link().toxic("timeout", {"timeout": 0}):
                pass
            assert await asyncio.wait_for(reader.read(-1), 5) == b""

    asyncio.run(main())


def test_reset_peer_resets(kind: LinkKind, tmp_path: Path) -> None:
    """A connection opened under the toxic ends with RST."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link()
            async with link.toxic("reset_peer", {"timeout": 0}):
                reader, _ = await lab.ask("blob 1000")
                with pytest.raises(ConnectionResetError):
                    await soon(reader.read(-1))
            assert await link.bites() == _counted(kind, await link.bites(), connections=1)

    asyncio.run(main())


def test_slicer_cuts_and_spaces(kind: LinkKind, tmp_path: Path) -> None:
    """50 slices 20 ms apart take at least most of a second, and every byte comes."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link()
            slicing = {"average_size": 100, "size_variation": 30, "delay": 20_000}
            async with link.toxic("slicer", slicing):
                start = time.monotonic()
                reader, _ = await lab.ask("end 5000")
                assert await soon(reader.read(-1)) == blob(5000)
                assert time.monotonic() - start >= 0.7
            assert await link.bites() == _counted(kind, await link.bites(), connections=1)

    asyncio.run(main())


@pytest.mark.parametrize("limit", [0, 1, 100_000])
def test_limit_data_ends_after_its_bytes(kind: LinkKind, tmp_path: Path, limit: int) -> None:
    """Exactly the allowed bytes come, then a clean end."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link()
            async with link.toxic("limit_data", {"bytes": limit}):
                reader, _ = await lab.ask("blob 200000")
                assert await soon(reader.read(-1)) == blob(200_000)[:limit]
            assert await link.bites() == _counted(kind, await link.bites(), connections=1)

    asyncio.run(main())


def test_toxics_work_one_after_the_other(kind: LinkKind, tmp_path: Path) -> None:
    """A limit behind a latency and a bandwidth still lets its bytes through, late."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab, AsyncExitStack() as stack:
            link = lab.link()
            await stack.enter_async_context(link.toxic("latency", {"latency": 500}))
            await stack.enter_async_context(link.toxic("bandwidth", {"rate": 100}))
            await stack.enter_async_context(link.toxic("limit_data", {"bytes": 50_000}))
            start = time.monotonic()
            reader, _ = await lab.ask("blob 200000")
            assert await soon(reader.read(-1)) == blob(50_000)
            assert time.monotonic() - start >= 0.9

    asyncio.run(main())


def test_down_refuses_and_comes_back_on_the_same_port(kind: LinkKind, tmp_path: Path) -> None:
    """New connections are refused, open ones end, and afterwards everything works."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link(nodes=("node-0",))
            reader, writer = await lab.ask("echo")
            await lab.echo(stream=(reader, writer))
            async with link.down():
                assert await soon(reader.read(-1)) == b""
                with pytest.raises(ConnectionRefusedError):
                    await lab.connect("node-0")
                await lab.echo("node-1")
            await lab.echo("node-0")
            bites = await link.bites()
            assert bites.count is None  # neither kind sees those that the system refuses
            if kind == "embedded":
                assert [one["connections"] for one in bites.details.values()] == [1]

    asyncio.run(main())


def test_down_and_up_again_and_again_resets_no_upstream(kind: LinkKind, tmp_path: Path) -> None:
    """However far a client had come, the upstream it was led to sees an end in good order."""
    resets = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal resets
        try:
            await reader.read(-1)
        except ConnectionResetError:
            resets += 1
        finally:
            writer.close()

    async def come(port: int) -> None:
        while True:
            with suppress(ConnectionError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    await reader.read(-1)
                finally:
                    writer.close()
            await asyncio.sleep(0)

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with (
            open_lab(kind, tmp_path, kept=False) as lab,
            asyncio.TaskGroup() as tasks,
        ):
            control = lab.service.control
            new = {"name": "served", "listen": "127.0.0.1:0", "upstream": upstream}
            address = await asyncio.to_thread(control.populate, [new])
            port = int(address["served"].rpartition(":")[2])
            clients = [tasks.create_task(come(port)) for _ in range(6)]
            for _ in range(150):
                await asyncio.to_thread(control.disable, ["served"], disabled=[])
                await asyncio.to_thread(control.enable, ["served"])
            for client in clients:
                client.cancel()
        server.close()
        assert resets == 0

    asyncio.run(main())


def test_down_lasts_as_long_as_any_fault_holds_it(kind: LinkKind, tmp_path: Path) -> None:
    """Of two overlapping outages the first to heal leaves the other's in place."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            second = AsyncExitStack()
            async with lab.link("one-1", nodes=("node-0",)).down():
                await second.enter_async_context(lab.link("two-1").down())
            with pytest.raises(ConnectionRefusedError):
                await lab.connect("node-0")
            await second.aclose()
            await lab.echo("node-0")

    asyncio.run(main())


def test_a_toxic_bites_only_its_nodes(kind: LinkKind, tmp_path: Path) -> None:
    """`where` keeps the other nodes' links as they are."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link(nodes=("node-1",))
            async with link.toxic("limit_data", {"bytes": 0}):
                await lab.echo("node-0")
                reader, _ = await lab.ask("blob 10", "node-1")
                assert await soon(reader.read(-1)) == b""

    asyncio.run(main())


def test_share_chooses_the_same_nodes_for_the_same_seed(kind: LinkKind, tmp_path: Path) -> None:
    """The nodes are those that the fault's chance picks, and as many as asked for."""

    async def main() -> None:
        async with open_lab(kind, tmp_path, nodes=8) as lab:
            scope = lab.scope()
            chosen = scope.chance.pick(0.25, tuple(lab.service.ports))
            for _ in range(2):
                async with lab.service.link(scope).toxic("latency", {"latency": 1}, share=0.25):
                    proxies = await lab.proxies()
                    bitten = [name for name in lab.service.ports if proxies[name]["toxics"]]
                    assert tuple(bitten) == chosen
                    assert len(bitten) == 2

    asyncio.run(main())


@pytest.mark.parametrize("attempt", [0, 1, 4])
def test_cancel_during_set_up_leaves_nothing(kind: LinkKind, tmp_path: Path, attempt: int) -> None:
    """However far the set-up got when it was cancelled, all of it is undone."""

    async def main() -> None:
        async with open_lab(kind, tmp_path, nodes=12) as lab:
            link = lab.link()

            async def hold() -> None:
                async with AsyncExitStack() as stack:
                    await stack.enter_async_context(link.toxic("latency", {"latency": 5}))
                    await stack.enter_async_context(link.down(share=0.5))
                    await asyncio.sleep(60)

            task = asyncio.ensure_future(hold())
            await asyncio.sleep(0.006 * attempt)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            for proxy in (await lab.proxies()).values():
                assert proxy["enabled"]
                assert proxy["toxics"] == []

    asyncio.run(main())


def test_an_error_in_the_block_heals(kind: LinkKind, tmp_path: Path) -> None:
    """Whatever is raised under a fault, the fault goes and the error stays."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            with pytest.raises(ZeroDivisionError):
                async with lab.link().toxic("latency", {"latency": 5}), lab.link().down():
                    _ = 1 // 0
            await lab.echo()

    asyncio.run(main())


def test_a_toxic_that_is_gone_already_heals(kind: LinkKind, tmp_path: Path) -> None:
    """Somebody else's reset during a fault is not an error of the link."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link()
            async with link.toxic("latency", {"latency": 5}):
                for node, proxy in (await lab.proxies()).items():
                    for toxic in proxy["toxics"]:
                        remove = lab.service.control.remove_toxic
                        await asyncio.to_thread(remove, [node], toxic["name"])

    asyncio.run(main())


def test_what_the_server_refuses_is_one_sentence(kind: LinkKind, tmp_path: Path) -> None:
    """An unknown toxic, and a node that is not there, name themselves."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            with pytest.raises(LinkError, match="invalid toxic type") as refused:
                async with lab.link().toxic("nonsense", {}):
                    pass
            assert refused.value.status == 400
            with pytest.raises(LinkError, match="no node 'node-9' on the link, which has node-0"):
                lab.link(nodes=("node-9",))

    asyncio.run(main())


def test_a_port_that_is_taken_is_named(kind: LinkKind, tmp_path: Path) -> None:
    """Listening where somebody listens fails with the address and the reason."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            taken = lab.service.ports["node-0"]
            complaint = f"127.0.0.1:{taken}.*address already in use"
            with new_run(tmp_path, "second") as run:
                second = open_link(
                    run,
                    kind=kind,
                    upstream_ports={"node": 9},
                    ports={"node": taken},
                    toxiproxy_path=toxiproxy_path(),
                )
                with pytest.raises(LinkError, match=complaint):
                    await second.__aenter__()

    asyncio.run(main())


def test_two_links_in_one_process_keep_apart(kind: LinkKind, tmp_path: Path) -> None:
    """Toxics go to the server that was meant, also when both are spoken to at once."""

    async def main() -> None:
        first_folder, second_folder = tmp_path / "first", tmp_path / "second"
        first_folder.mkdir()
        second_folder.mkdir()
        async with (
            open_lab(kind, first_folder, nodes=3) as first,
            open_lab("embedded", second_folder, nodes=3) as second,
        ):
            hold_first, hold_second = AsyncExitStack(), AsyncExitStack()
            await asyncio.gather(
                hold_first.enter_async_context(first.link().toxic("latency", {"latency": 1})),
                hold_second.enter_async_context(second.link().toxic("bandwidth", {"rate": 2})),
            )
            for lab, word in ((first, "latency"), (second, "bandwidth")):
                for proxy in (await lab.proxies()).values():
                    assert [toxic["type"] for toxic in proxy["toxics"]] == [word]
            await hold_first.aclose()
            await hold_second.aclose()

    asyncio.run(main())


def test_a_link_that_dies_is_noticed(kind: LinkKind, tmp_path: Path) -> None:
    """After its process is gone the service is not healthy, and healing says why it cannot."""

    async def main() -> None:
        async with open_lab(kind, tmp_path, kept=False) as lab:
            fault = AsyncExitStack()
            await fault.enter_async_context(lab.link().toxic("latency", {"latency": 1}))
            os.kill(lab.service.child.pid, signal.SIGKILL)

            async def dead() -> bool:
                return not lab.service.child.alive

            await until(dead, "the child's death is seen")
            assert not await lab.service.healthy()
            with pytest.raises(LinkError, match="does not answer"):
                await fault.aclose()

    asyncio.run(main())


def _counted(kind: LinkKind, seen: Bites, *, connections: int) -> Bites:
    """The bites that are right: exact from the embedded link, unknown from Toxiproxy."""
    count = None if kind == "toxiproxy" else connections
    return Bites(count=count, details=seen.details)
