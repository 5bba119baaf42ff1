"""Turns: as many as there are places go on, the others in their order, nobody is forgotten."""

import asyncio

from harness.gateway.turns import Turns


def test_they_go_on_in_the_order_in_which_they_came() -> None:
    """One that gives up waiting leaves its place in the queue to the next."""

    async def main() -> None:
        turns = Turns(1)
        done: list[int] = []

        async def work(number: int) -> None:
            async with turns.taken():
                done.append(number)
                await asyncio.sleep(0)

        first = turns.taken()
        await first.__aenter__()
        assert turns.full
        tasks = [asyncio.ensure_future(work(number)) for number in range(4)]
        await asyncio.sleep(0)
        assert turns.waiting == 4
        tasks[1].cancel()
        await first.__aexit__(None, None, None)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert done == [0, 2, 3]
        assert not turns.full

    asyncio.run(main())


def test_opened_turns_let_everybody_go_on() -> None:
    """Those who wait and those who come."""

    async def main() -> None:
        turns = Turns(1)
        async with turns.taken():
            waiting = asyncio.ensure_future(turns.taken().__aenter__())
            await asyncio.sleep(0)
            turns.open()
            await waiting
            async with turns.taken():
                assert not turns.full

    asyncio.run(main())
