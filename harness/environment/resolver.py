"""The name server that the nodes ask: opens it, and scopes its answers for a fault."""

import ipaddress
import itertools
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from harness.environment.scope import FaultScope
from harness.process.child import Child, ChildError, Run, start_child
from harness.process.child_control import ChildGoneError, ControlChannel
from harness.process.clock import monotonic_s
from harness.resolver.dns_rules import Rule
from harness.resolver.zone import OtherNames
from harness.seams import Bites, DnsMode, Turns

_ANSWER_S = 5.0


class ResolverError(Exception):
    """A fault asked for what the resolver cannot do. One sentence."""


@dataclass(frozen=True, kw_only=True)
class ResolverService:
    """An open resolver: `address` is where it listens, `ports` are for UDP and TCP, by node."""

    name: str
    address: str
    ports: Mapping[str, int]
    child: Child
    control: ControlChannel
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def resolver(self, scope: FaultScope) -> "ScopedResolver":
        """The seam for one occurrence of a fault.

        Raises ResolverError when `scope` names a node without a port.
        """
        if unknown := [node for node in scope.where.nodes if node not in self.ports]:
            known = ", ".join(itertools.islice(self.ports, 5))
            raise ResolverError(
                f"{scope.fault}: no node {unknown[0]!r} at the resolver, which has {known}"
            )
        return ScopedResolver(service=self, scope=scope)

    def new_rule_name(self, fault: str) -> str:
        """A name that no other rule has."""
        return f"{fault}-{next(self._numbers)}"


@dataclass(frozen=True, kw_only=True)
class ScopedResolver:
    """`seams.Resolver` for one occurrence of one fault."""

    service: ResolverService
    scope: FaultScope
    _rules: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def answering(
        self,
        mode: DnsMode,
        *,
        delay_ms: int = 0,
        address: str | None = None,
        share: float = 1.0,
        turns: Turns | None = None,
    ) -> AsyncIterator[None]:
        """Answer `share` of the queries in scope this way, until the block is left.

        The resolver keeps the `turns` by itself; they begin wrong.

        Raises ResolverError for settings that cannot be, ChildError when the resolver is gone.
        """
        _check(mode, delay_ms, address, share)
        rule = Rule(
            rule=self.service.new_rule_name(self.scope.fault),
            mode=mode,
            nodes=frozenset(self.scope.where.nodes or self.service.ports),
            share=share,
            chance=self.scope.chance,
            deadline_s=self.scope.deadline_s,
            delay_ms=delay_ms,
            address=address or "",
            begins_s=monotonic_s(),
            wrong_s=turns.wrong_s if turns else 0.0,
            right_s=turns.right_s if turns else 0.0,
        )
        self._rules.append(rule.rule)
        try:
            await self.service.control.ask("add", rule=rule.to_json())
            yield
        finally:
            with suppress(ChildGoneError):  # its rules are gone with it
                await self.service.control.ask("remove", rule=rule.rule)

    async def bites(self) -> Bites:
        """How many queries were answered otherwise than truly, also after the heal.

        None when the resolver is gone and took its counts along.
        """
        if not self._rules:
            return Bites(count=0)
        try:
            counts = (await self.service.control.ask("bites"))["bites"]
        except ChildError as error:
            return Bites(count=None, details={"error": str(error)})
        details = {rule: int(counts.get(rule, 0)) for rule in self._rules}
        return Bites(count=sum(details.values()), details=details)


def _check(mode: DnsMode, delay_ms: int, address: str | None, share: float) -> None:
    if not 0 < share <= 1:
        raise ResolverError(f"share: above 0 and at most 1, got {share:g}")
    if mode is DnsMode.DELAY and delay_ms <= 0:
        raise ResolverError(f"delay_ms: above 0 for the mode delay, got {delay_ms}")
    if mode is DnsMode.WRONG_ADDRESS:
        try:
            ipaddress.ip_address(address or "")
        except ValueError:
            raise ResolverError(
                f"address: an IP address for the mode wrong_address, got {address!r}"
            ) from None


@asynccontextmanager
async def open_resolver(
    run: Run,
    *,
    nodes: Sequence[str],
    name: str,
    address: str,
    listen_host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
    others: OtherNames = "nxdomain",
) -> AsyncIterator[ResolverService]:
    """Answer `name` with `address` on a port of each node until the block is left.

    `ports` by node, 0 or absent: any free one. `others`: what is said of all other names.
    Raises ChildError.
    """
    config = {
        "name": name,
        "address": address,
        "others": others,
        "listen_host": listen_host,
        "ports": {node: (ports or {}).get(node, 0) for node in nodes},
    }
    argv = [sys.executable, "-m", "harness.resolver"]
    control = ControlChannel("resolver", timeout_s=_ANSWER_S)
    async with (
        start_child(run, "resolver", argv, config=config) as child,
        control.hearing(child),
    ):
        yield ResolverService(
            name=name,
            address=listen_host,
            ports=dict(child.ready["ports"]),
            child=child,
            control=control,
        )
