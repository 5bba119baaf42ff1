"""Look-ups as `harness.load.lookup` makes them, in virtual time: two tries of 5 s, A and AAAA."""

import asyncio
from typing import Final

from harness.clusters.simulated.simulated_network import (
    ADDRESS,
    RESOLVER_PORT,
    ROUND_TRIP_S,
    SimulatedNetwork,
)
from harness.load.lookup import (
    KINDS,
    TRIES,
    TRY_S,
    Addresses,
    AskAgain,
    failed_look_up,
    is_name,
    message_in,
    question_for,
    read_answer,
)
from harness.load.orders import REGISTRY_NAME
from harness.node.commands import Failing, TransportFailure
from harness.resolver.dns_rules import Transport

_SERVER: Final = f"{ADDRESS}:{RESOLVER_PORT}"
_NO_SUCH_HOST: Final = "no such host"


async def look_up(
    network: SimulatedNetwork, node: str, name: str, timeout_s: float
) -> Addresses | TransportFailure:
    """The addresses of `name`, or how a dial to it fails; see `harness.load.lookup.look_up`."""
    if not is_name(name):
        return failed_look_up(Failing.DNS_NOT_FOUND, f"lookup {name}: {_NO_SUCH_HOST}")
    if name == REGISTRY_NAME and not len(network.names.rules):
        await asyncio.sleep(ROUND_TRIP_S)
        return (ADDRESS,)
    try:
        async with asyncio.timeout(timeout_s):
            answers = await asyncio.gather(*(_ask(network, node, name, kind) for kind in KINDS))
    except TimeoutError:
        return failed_look_up(Failing.DNS_TIMEOUT, f"lookup {name}: i/o timeout")
    addresses = [place for answer in answers if isinstance(answer, tuple) for place in answer]
    failures = [answer for answer in answers if isinstance(answer, TransportFailure)]
    return tuple(addresses) if addresses else failures[0]


async def _ask(
    network: SimulatedNetwork, node: str, name: str, kind: str
) -> Addresses | TransportFailure:
    failing, text = Failing.DNS_NOT_FOUND, _NO_SUCH_HOST
    for _ in range(TRIES):
        try:
            found = await _try(network, node, name, kind)
        except AskAgain as again:
            failing, text = again.failing, again.text
            continue
        if found:
            return found
        failing, text = Failing.DNS_NOT_FOUND, _NO_SUCH_HOST
        break
    return failed_look_up(failing, f"lookup {name} on {_SERVER}: {text}")


async def _try(network: SimulatedNetwork, node: str, name: str, kind: str) -> Addresses:
    question = question_for(name, kind).pack()
    transports: tuple[Transport, ...] = ("udp", "tcp")
    for transport in transports:
        response = network.names.answer(
            question, node=node, transport=transport, now_s=network.now_s()
        )
        if response.wire is None or response.wait_s >= TRY_S:
            await asyncio.sleep(TRY_S)
            text = f"read {transport} {ADDRESS}:40000->{_SERVER}: i/o timeout"
            raise AskAgain(Failing.DNS_TIMEOUT, text)
        await asyncio.sleep(ROUND_TRIP_S + response.wait_s)
        answer = message_in(response.wire)
        if answer is not None and not answer.header.tc:
            return read_answer(answer, kind)
    raise AskAgain(Failing.DNS_MISBEHAVING, "server misbehaving")
