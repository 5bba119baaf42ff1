"""What a network carries: shares are fair, limits hold together, nothing waits at the end."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

from harness.clusters.simulated.virtual_loop import VirtualLoop
from harness.gateway.client_connection import Connection
from harness.gateway.network import Network
from harness.gateway.network_limits import NetworkLimits
from harness.gateway.pace import Pace
from harness.gateway.request import GatewayRequest
from harness.gateway.sharing import Lane, PacedSharing
from harness.process.clock import clock_of, monotonic_s
from harness.seams import RequestKind, ShareRate
from tests.registry_server import eventually, run, serving

NOBODY = cast("Connection", None)


def lived(main: object) -> object:
    """What a coroutine returned in virtual time."""
    loop = VirtualLoop()
    try:
        with clock_of(loop.time):
            return loop.run_until_complete(main)  # type: ignore[arg-type]  # any coroutine
    finally:
        loop.close()


async def sent_s(sharing: PacedSharing, lanes: tuple[Lane, ...], count: int) -> float:
    """How long `count` bytes take through `lanes`."""
    began_s = monotonic_s()
    while count:
        count -= await sharing.room(NOBODY, lanes, count)
    return monotonic_s() - began_s


def test_things_go_one_after_the_other_and_not_in_a_burst_after_a_pause() -> None:
    """Ten a second: the third of three at once goes after 0.2 s; later ones find it free."""
    pace = Pace(10)
    assert [pace.reserve(1, 5.0) for _ in range(3)] == pytest.approx([5.0, 5.1, 5.2])
    assert [pace.reserve(1, 60.0) for _ in range(2)] == pytest.approx([60.0, 60.1])


@pytest.mark.parametrize("streams", [1, 2, 20])
def test_all_streams_together_get_the_egress(streams: int) -> None:
    """Each gets its part, whatever their number is, and no more than 1 MB/s leaves."""

    async def main() -> list[float]:
        sharing = PacedSharing()
        lane = sharing.lane(1e6)
        return await asyncio.gather(*(sent_s(sharing, (lane,), 1_000_000) for _ in range(streams)))

    times = cast("list[float]", lived(main()))
    assert max(times) == pytest.approx(streams, rel=0.03)
    assert min(times) == pytest.approx(streams, rel=0.1)


def test_what_a_slow_node_cannot_use_is_left_to_the_others() -> None:
    """Max-min fairness: of 10 MB/s a node of 1 MB/s uses its own, two others share the rest."""

    async def main() -> list[float]:
        sharing = PacedSharing()
        egress = sharing.lane(10e6)
        slow = sharing.lane(1e6)
        ways = ((slow, egress), 1_000_000), ((egress,), 4_500_000), ((egress,), 4_500_000)
        return await asyncio.gather(*(sent_s(sharing, lanes, count) for lanes, count in ways))

    assert lived(main()) == pytest.approx([1.0, 1.0, 1.0], rel=0.1)


def test_a_lane_that_opens_lets_everything_go() -> None:
    """What would take a thousand seconds goes on when the limit ends."""

    async def main() -> float:
        sharing = PacedSharing()
        lane = sharing.lane(1000)
        under_way = asyncio.ensure_future(sent_s(sharing, (lane,), 1_000_000))
        await asyncio.sleep(5)
        lane.open()
        return await under_way

    assert lived(main()) == pytest.approx(5.0, abs=0.1)


def request(node: str = "node-0") -> GatewayRequest:
    """A request of `node` on a connection of its own, over plain HTTP."""

    class Known:
        is_known = False
        closing = False

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v2/app/blobs/sha256:0",
        "scheme": "http",
        "headers": [],
        "query_string": b"",
        "extensions": {"harness.connection": Known()},
    }
    return GatewayRequest(scope, node)


@pytest.mark.parametrize(
    ("limits", "ends_s"),
    [
        (NetworkLimits(requests_per_s=10), 0.9),  # ten requests, the first at once
        (NetworkLimits(service_s=0.2), 0.2),  # side by side
        (NetworkLimits(service_s=0.2, at_once=2), 1.0),  # five pairs
        (NetworkLimits(round_trip_s=0.1), 0.2),  # TCP's handshake, and the request's own
        (NetworkLimits(round_trip_s=0.1, service_s=0.2, at_once=5), 0.6),
    ],
    ids=str,
)
def test_ten_requests_at_once_end_when_the_limits_say(limits: NetworkLimits, ends_s: float) -> None:
    """A registry's rate, its places and its service time, each known by construction."""

    async def main() -> float:
        network = Network(limits)
        network.start()
        began_s = monotonic_s()

        async def served() -> None:
            async with network.served(request()) as not_before_s:
                await asyncio.sleep(max(0.0, not_before_s - monotonic_s()))

        await asyncio.gather(*(served() for _ in range(10)))
        return monotonic_s() - began_s

    assert lived(main()) == pytest.approx(ends_s, abs=0.01)


def test_the_harness_and_a_run_that_has_not_begun_are_not_limited() -> None:
    """The harness's own requests are no node's."""
    network = Network(NetworkLimits(requests_per_s=1))
    assert not network.concerns(request())

    async def main() -> None:
        network.start()
        assert network.concerns(request())
        assert not network.concerns(request(""))

    lived(main())


def test_a_rule_shares_its_bandwidth_among_all_and_ends_at_once(tmp_path: Path) -> None:
    """Two bodies of a megabyte at 1000 B/s are under way; removed, both come whole."""
    content = bytes(1_000_000)

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(content)}"
            name = served.rule(
                ShareRate(bytes_per_s=1000), kinds=(RequestKind.BLOB,), methods=("GET",)
            )
            under_way = [asyncio.ensure_future(client.get(path)) for _ in range(2)]

            async def both_are_slow() -> bool:
                return served.bites(name) == 2

            await eventually(both_are_slow)
            assert not any(it.done() for it in under_way)
            served.rules.remove(name)
            assert [(await it).content == content for it in under_way] == [True, True]

    run(main())
