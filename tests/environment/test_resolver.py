"""The resolver as a service: a process with real sockets, bent by a fault and healed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from harness.chance import Chance
from harness.environment.resolver import (
    ResolverError,
    ResolverService,
    ScopedResolver,
    open_resolver,
)
from harness.environment.scope import FaultScope
from harness.process.child import ChildError, Run
from harness.process.journal import Journal, pending
from harness.seams import DnsMode, Where
from tests.dns_clients import LOOPBACK, NAME, addresses, ask_tcp, ask_udp, code, question

Ask = Callable[..., Awaitable[bytes]]
NODES = ("n1", "n2", "clients")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[ResolverService]:
    journal = Journal(folder / "journal.jsonl")
    run = Run(run_id="abc123", folder=folder, journal=journal, clock_start_s=time.monotonic())
    async with open_resolver(run, nodes=NODES, name=NAME, address=LOOPBACK) as service:
        yield service
    assert not psutil.pid_exists(service.child.pid)
    assert pending(folder / "journal.jsonl") == []
    journal.close()


def scoped(
    service: ResolverService, *, where: Where | None = None, for_s: float = 60
) -> ScopedResolver:
    return service.resolver(
        FaultScope(
            fault="dns-1",
            where=where or Where(),
            chance=Chance(7, "dns-1"),
            deadline_s=time.monotonic() + for_s,
        )
    )


@pytest.mark.parametrize("ask", [ask_udp, ask_tcp])
@pytest.mark.parametrize(
    ("mode", "expected_code", "expected"),
    [
        (DnsMode.NXDOMAIN, "NXDOMAIN", []),
        (DnsMode.SERVFAIL, "SERVFAIL", []),
        (DnsMode.REFUSED, "REFUSED", []),
        (DnsMode.WRONG_ADDRESS, "NOERROR", ["192.0.2.1"]),
    ],
)
def test_a_lie_lasts_as_long_as_its_block(
    tmp_path: Path, mode: DnsMode, expected_code: str, expected: list[str], ask: Ask
) -> None:
    """Truth, lie, truth; one bite, also told after the heal."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            fault = scoped(service)
            assert (await fault.bites()).count == 0
            port = service.ports["n1"]
            async with fault.answering(mode, address="192.0.2.1"):
                answer = await ask(port, question())
                assert (code(answer), addresses(answer)) == (expected_code, expected)
            assert addresses(await ask(port, question())) == [LOOPBACK]
            assert (await fault.bites()).count == 1

    asyncio.run(main())


@pytest.mark.parametrize("ask", [ask_udp, ask_tcp])
def test_silence_over_both_transports(tmp_path: Path, ask: Ask) -> None:
    """No answer comes during the mode timeout, and answers come again after it."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            fault = scoped(service)
            async with fault.answering(DnsMode.TIMEOUT):
                with pytest.raises(TimeoutError):
                    await ask(service.ports["n1"], question(), limit_s=0.5)
            assert code(await ask(service.ports["n1"], question())) == "NOERROR"
            assert (await fault.bites()).count == 1

    asyncio.run(main())


@pytest.mark.parametrize("ask", [ask_udp, ask_tcp])
def test_a_delayed_answer_is_true_and_not_early(tmp_path: Path, ask: Ask) -> None:
    """The truth comes, and no sooner than the delay."""

    async def main() -> None:
        async with (
            opened(tmp_path) as service,
            scoped(service).answering(DnsMode.DELAY, delay_ms=400),
        ):
            began_s = time.monotonic()
            assert addresses(await ask(service.ports["n1"], question())) == [LOOPBACK]
            assert time.monotonic() - began_s >= 0.4

    asyncio.run(main())


def test_a_truncated_answer_leaves_tcp_whole(tmp_path: Path) -> None:
    """Over UDP only the TC bit, over TCP the address."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            fault = scoped(service)
            async with fault.answering(DnsMode.TRUNCATED):
                cut = await ask_udp(service.ports["n1"], question())
                assert cut[2] & 0x02
                assert addresses(cut) == []
                assert addresses(await ask_tcp(service.ports["n1"], question())) == [LOOPBACK]
            assert (await fault.bites()).count == 1

    asyncio.run(main())


def test_a_fault_keeps_to_its_nodes(tmp_path: Path) -> None:
    """Only the nodes of `where` are lied to; a node that is not there is refused by name."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            async with scoped(service, where=Where(nodes=("n2",))).answering(DnsMode.SERVFAIL):
                assert code(await ask_udp(service.ports["n1"], question())) == "NOERROR"
                assert code(await ask_udp(service.ports["n2"], question())) == "SERVFAIL"
            with pytest.raises(ResolverError, match="dns-1: no node 'n9' at the resolver"):
                scoped(service, where=Where(nodes=("n9",)))

    asyncio.run(main())


def test_the_resolver_keeps_the_deadline_by_itself(tmp_path: Path) -> None:
    """The block is still open, the lie is over."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            fault = scoped(service, for_s=0.7)
            async with fault.answering(DnsMode.SERVFAIL):
                assert code(await ask_udp(service.ports["n1"], question())) == "SERVFAIL"
                await asyncio.sleep(max(0, fault.scope.deadline_s - time.monotonic()))
                assert code(await ask_udp(service.ports["n1"], question())) == "NOERROR"
            assert (await fault.bites()).count == 1

    asyncio.run(main())


def test_a_share_is_the_same_in_a_second_resolver(tmp_path: Path) -> None:
    """Half of the look-ups fail, the same ones every time; an A and its AAAA agree."""

    async def codes(folder: Path) -> list[tuple[str, str]]:
        async with opened(folder) as service:
            fault = scoped(service)
            async with fault.answering(DnsMode.SERVFAIL, share=0.5):
                port = service.ports["n1"]
                asked = [
                    await asyncio.gather(
                        ask_udp(port, question()), ask_udp(port, question(record_type="AAAA"))
                    )
                    for _ in range(30)
                ]
            pairs = [(code(first), code(second)) for first, second in asked]
            failed = sum(pair.count("SERVFAIL") for pair in pairs)
            assert (await fault.bites()).count == failed
            return pairs

    async def main() -> None:
        first = await codes(tmp_path)
        assert first == await codes(tmp_path)
        assert set(first) == {("NOERROR", "NOERROR"), ("SERVFAIL", "SERVFAIL")}

    asyncio.run(main())


def test_it_heals_when_the_block_raises_or_is_cancelled(tmp_path: Path) -> None:
    """Whatever ends the block ends the lie, also in the middle of setting it up."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            with pytest.raises(ZeroDivisionError):
                async with scoped(service).answering(DnsMode.SERVFAIL):
                    raise ZeroDivisionError

            async def hold() -> None:
                async with scoped(service).answering(DnsMode.SERVFAIL):
                    await asyncio.sleep(60)

            for steps in range(12):
                task = asyncio.ensure_future(hold())
                for _ in range(steps):
                    await asyncio.sleep(0.001)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await scoped(service).service.control.ask(
                    "bites"
                )  # all earlier messages have been obeyed
                assert code(await ask_udp(service.ports["n1"], question())) == "NOERROR"

    asyncio.run(main())


def test_many_faults_at_a_time_do_not_mix_their_replies(tmp_path: Path) -> None:
    """Twenty scopes come and go at once; each learns its own bites."""

    async def main() -> None:
        async with opened(tmp_path) as service:

            async def one(number: int) -> int | None:
                node = NODES[number % 2]
                fault = scoped(service, where=Where(nodes=(node,)))
                async with fault.answering(DnsMode.DELAY, delay_ms=1):
                    await ask_udp(service.ports["clients"], question())
                return (await fault.bites()).count

            counts = await asyncio.gather(*(one(number) for number in range(20)))
            assert counts == [0] * 20

    asyncio.run(main())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": DnsMode.DELAY}, "delay_ms: above 0 for the mode delay, got 0"),
        ({"mode": DnsMode.WRONG_ADDRESS}, "address: an IP address .* got None"),
        ({"mode": DnsMode.WRONG_ADDRESS, "address": "nowhere"}, "got 'nowhere'"),
        ({"mode": DnsMode.SERVFAIL, "share": 0.0}, "share: above 0 and at most 1, got 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    """In one sentence with the thing, the value and the rule."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            with pytest.raises(ResolverError, match=message):
                async with scoped(service).answering(**settings):  # type: ignore[arg-type]  # a table
                    pass

    asyncio.run(main())


def test_a_resolver_that_dies_says_so_and_its_fault_heals(tmp_path: Path) -> None:
    """Its rules died with it, so leaving the block is quiet; its bites are not known."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            fault = scoped(service)
            async with fault.answering(DnsMode.SERVFAIL):
                psutil.Process(service.child.pid).kill()
                with pytest.raises(ChildError, match="resolver: its process has ended"):
                    await service.control.ask("bites")
            assert (await fault.bites()).count is None

    asyncio.run(main())


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    """The service does not open, and nothing is left."""

    async def main() -> None:
        async with opened(tmp_path) as service:
            journal = Journal(tmp_path / "second.jsonl")
            run = Run(run_id="def456", folder=tmp_path, journal=journal, clock_start_s=0.0)
            port = service.ports["n1"]
            with pytest.raises(ChildError, match=f"resolver: port {port} of 127.0.0.1"):
                async with open_resolver(
                    run, nodes=("n1",), name=NAME, address=LOOPBACK, ports={"n1": port}
                ):
                    pass
            assert pending(tmp_path / "second.jsonl") == []
            journal.close()

    asyncio.run(main())
