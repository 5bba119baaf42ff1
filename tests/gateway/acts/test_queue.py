"""Requests queue at the gateway, are turned away when the queue is full, and let go at the end."""

import asyncio
import time
from pathlib import Path

from harness.gateway.acts.queue import QueueBehaviour
from harness.seams import Queue, RequestKind
from tests.registry_server import error_of, eventually, run, serving

PING = (RequestKind.PING,)


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
