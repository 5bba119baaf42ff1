"""The harness's end of the control channel, with a real process at the other end."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.process.child import ChildError, Run, start_child
from harness.process.child_control import ChildGoneError, ControlChannel
from harness.process.journal import Journal

SERVICE = """
import asyncio, os
from harness.process.control_channel import answer_orders, take_config, tell
async def main():
    loop, released, held = asyncio.get_running_loop(), asyncio.Event(), []
    orders = {
        "double": lambda order: {"twice": 2 * order["number"]},
        "hold": lambda order: held.append(order["number"]),
        "held": lambda order: {"held": held},
        "news": lambda order: tell({"news": order["number"]}),
        "die": lambda order: os._exit(3),
        "stop": lambda order: os.kill(os.getpid(), 19),
    }
    answer_orders(loop.call_soon_threadsafe, orders, released.set)
    tell({"ready": True})
    await released.wait()
take_config()
asyncio.run(main())
"""


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[ControlChannel]:
    journal = Journal(folder / "journal.jsonl")
    run = Run(run_id="r1", folder=folder, journal=journal, clock_start_s=time.monotonic())
    channel = ControlChannel("service", **settings)
    async with (
        start_child(run, "service", [sys.executable, "-c", SERVICE], config={}) as child,
        channel.hearing(child),
    ):
        yield channel
    journal.close()


def test_each_answer_finds_who_asked(tmp_path: Path) -> None:
    """Fifty at once; a refusal is the asker's alone, in one sentence."""

    async def main() -> None:
        async with opened(tmp_path) as channel:
            asked = [channel.ask("double", number=number) for number in range(50)]
            answers = await asyncio.gather(*asked, channel.ask("double"), return_exceptions=True)
            *doubled, refused = answers
            assert [it["twice"] for it in doubled if isinstance(it, dict)] == [*range(0, 100, 2)]
            assert str(refused) == "service: double: KeyError: 'number'"
            with pytest.raises(ChildError, match=r"service: do: double, .* got 'dance'"):
                await channel.ask("dance")

    asyncio.run(main())


def test_an_order_goes_out_although_its_asker_is_cancelled(tmp_path: Path) -> None:
    """What heals must not be lost with who waits for it."""

    async def main() -> None:
        async with opened(tmp_path) as channel:
            asking = asyncio.ensure_future(channel.ask("hold", number=7))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert (await channel.ask("held"))["held"] == [7]

    asyncio.run(main())


def test_news_are_reported_until_the_last(tmp_path: Path) -> None:
    """With True from the listener nothing more is heard, and nobody waits in vain."""
    news: list[int] = []

    def take(message: dict[str, Any]) -> bool:
        news.append(message["news"])
        return len(news) == 2

    async def main() -> None:
        async with opened(tmp_path, on_message=take) as channel:
            await channel.ask("news", number=1)
            with pytest.raises(ChildGoneError):
                await channel.ask("news", number=2)
            assert news == [1, 2]
            assert not channel.alive

    asyncio.run(main())


def test_who_waits_for_a_process_that_ends_learns_it(tmp_path: Path) -> None:
    """So does who asks it afterwards."""

    async def main() -> None:
        async with opened(tmp_path) as channel:
            for _ in range(2):
                with pytest.raises(ChildGoneError, match=r"^service: its process has ended"):
                    await channel.ask("die")

    asyncio.run(main())


def test_a_silent_process_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """The sentence says what was asked and how long."""

    async def main() -> None:
        async with opened(tmp_path, timeout_s=0.2) as channel:
            with pytest.raises(ChildError, match=r"^service: no answer to stop within 0.2 s$"):
                await channel.ask("stop")

    asyncio.run(main())
