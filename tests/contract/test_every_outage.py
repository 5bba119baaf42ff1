"""What holds for every link that goes up and down, or lets nothing pass, whoever serves it."""

import asyncio
import time
from pathlib import Path

import pytest

from harness.environment.link import LinkKind
from harness.environment.link_control import LinkError
from tests.link_lab import KINDS, open_lab, soon

pytestmark = pytest.mark.parametrize("kind", KINDS)
QUIET_S = 0.3


async def until_down(lab_connect: object) -> None:
    """Connect until it is refused."""
    assert callable(lab_connect)
    try:
        async with asyncio.timeout(20):
            while True:
                await lab_connect("node-0")
                await asyncio.sleep(0.01)
    except ConnectionRefusedError:
        return


def test_flapping_goes_down_and_up_and_ends_up(kind: LinkKind, tmp_path: Path) -> None:
    """It begins down, turns by itself, and leaves the other nodes alone."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link(nodes=("node-0",))
            async with link.flapping(down_s=0.3, up_s=0.3):
                with pytest.raises(ConnectionRefusedError):
                    await lab.connect("node-0")
                await lab.echo("node-1")
                turns = 0
                for _ in range(2):
                    while True:
                        try:
                            await lab.connect("node-0")
                        except ConnectionRefusedError:
                            await asyncio.sleep(0.02)
                        else:
                            break
                    turns += 1
                    await until_down(lab.connect)
                assert turns == 2
            await lab.echo("node-0")
            assert (await link.bites()).count is None

    asyncio.run(main())


def test_an_error_under_a_flapping_link_comes_through_as_it_is(
    kind: LinkKind, tmp_path: Path
) -> None:
    """Not in a group of errors, and the link is up again."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            with pytest.raises(LookupError, match="mine"):
                async with lab.link().flapping(down_s=9, up_s=9):
                    raise LookupError("mine")
            await lab.echo("node-0")

    asyncio.run(main())


def test_cut_off_lets_nothing_pass_and_loses_nothing(kind: LinkKind, tmp_path: Path) -> None:
    """What is sent meanwhile arrives after the heal, on the same connection."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            reader, writer = await lab.ask("echo")
            await lab.echo(stream=(reader, writer))
            async with lab.link(nodes=("node-0",)).cut_off():
                writer.write(b"held")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.read(4), QUIET_S)
                await lab.echo("node-1")
            assert await soon(reader.readexactly(4)) == b"held"
            await lab.echo("node-0")

    asyncio.run(main())


def test_dropped_connections_get_no_answer(kind: LinkKind, tmp_path: Path) -> None:
    """The embedded link can do it; of a real Toxiproxy it is refused in one sentence."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            link = lab.link(nodes=("node-0",))
            if kind == "toxiproxy":
                with pytest.raises(LinkError, match="fault-1: a real Toxiproxy accepts every"):
                    await link.drop_new().__aenter__()
                return
            reader, writer = await lab.ask("echo")
            await lab.echo(stream=(reader, writer))
            async with link.drop_new(), lab.link("two-1").drop_new():
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(lab.connect("node-0"), QUIET_S)
                await lab.echo(stream=(reader, writer))
            begun = time.monotonic()
            await lab.echo("node-0")
            assert time.monotonic() - begun < 10
            assert (await link.bites()).count is None

    asyncio.run(main())
