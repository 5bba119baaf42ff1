"""Turns: as many as there are places go on, the others in their order, nobody is forgotten."""

import asyncio
import time
from pathlib import Path

from harness.gateway.acts.queue import QueueBehaviour, Turns
from harness.seams import Queue, RequestKind
from tests.registry_server import error_of, eventually, run, serving

PING = (RequestKind.PING,)


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


def test_requests_queue_at_the_gateway(tmp_path: Path) -> None:
    """Each keeps its place for its time; all of them are bitten."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            name = served.rule(Queue(at_once=2, service_s=0.1), kinds=PING)
            begun = time.monotonic()
            answers = await asyncio.gather(*(client.get("/v2/") for _ in range(6)))
            assert time.monotonic() - begun >= 0.3
            assert {answer.status_code for answer in answers} == {200}
            assert {answer.headers["harness-bitten-by"] for answer in answers} == {name}
            assert served.bites(name) == 6

    run(main())


def test_a_full_queue_answers_and_a_heal_empties_it(tmp_path: Path) -> None:
    """503 for who finds no place to wait; who waits is served at once when the rule goes."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            name = served.rule(Queue(at_once=1, service_s=30, waiting=1), kinds=PING)
            waiting = [asyncio.ensure_future(client.get("/v2/")) for _ in range(2)]
            queue = served.rules.of(RequestKind.PING)[0].behaviour
            assert isinstance(queue, QueueBehaviour)

            async def one_waits() -> bool:
                return queue.turns.waiting == 1

            await eventually(one_waits)
            assert error_of(await client.get("/v2/")) == (503, "UNAVAILABLE")
            served.rules.remove(name)
            assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
            assert served.bites(name) == 3

    run(main())
