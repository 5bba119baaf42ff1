"""The TLS seam: handshakes with the gateway, as one occurrence of a fault may change them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field

from harness.environment.authority import Authority
from harness.environment.scope import FaultScope
from harness.gateway.handshakes import HandshakeOrder
from harness.process.child import ChildError
from harness.process.child_control import ControlChannel
from harness.seams import Bites, Certificate, Injection


@dataclass(kw_only=True)
class ScopedTls:
    """`harness.seams.Tls` for one occurrence of a fault."""

    control: ControlChannel
    authority: Authority
    scope: FaultScope
    numbers: Iterator[int]
    _living: set[str] = field(default_factory=set)
    _ended: dict[str, int] = field(default_factory=dict)

    def certificate(self, wanted: Certificate, *, share: float = 1.0) -> Injection:
        """See `harness.seams.Tls.certificate`. Raises ChildError."""
        return self._rule(self.authority.certificate(wanted), share)

    def held(self, *, share: float = 1.0) -> Injection:
        """See `harness.seams.Tls.held`. Raises ChildError."""
        return self._rule("", share)

    async def bites(self) -> Bites:
        """How many handshakes its rules bit so far. Raises ChildError."""
        seen = dict(self._ended)
        if self._living:
            answer = await self.control.ask("handshakes", bites=sorted(self._living))
            seen |= answer["bites"]
        return Bites(count=sum(seen.values()), details=seen)

    @asynccontextmanager
    async def _rule(self, certificate: str, share: float) -> AsyncIterator[None]:
        order = HandshakeOrder(
            rule=f"{self.scope.fault}.{next(self.numbers)}",
            fault=self.scope.fault,
            certificate=certificate,
            nodes=self.scope.where.nodes,
            share=share,
            seed=self.scope.chance.seed,
            step=self.scope.chance.step,
            deadline_s=self.scope.deadline_s,
        )
        self._living.add(order.rule)
        try:
            await self.control.ask("handshakes", add=asdict(order))
            yield
        finally:
            with suppress(ChildError):  # never added, or gone with its process
                answer = await self.control.ask("handshakes", remove=order.rule)
                self._ended[order.rule] = answer["bites"]
            self._living.discard(order.rule)


class NoTls:
    """The seam of a gateway that speaks plain HTTP; the plan refuses faults that need it."""

    def certificate(self, wanted: Certificate, *, share: float = 1.0) -> Injection:
        """Raises ChildError."""
        del wanted, share
        raise ChildError("tls: false: there are no TLS handshakes to inject a fault into")

    def held(self, *, share: float = 1.0) -> Injection:
        """Raises ChildError."""
        return self.certificate(Certificate(), share=share)

    async def bites(self) -> Bites:
        return Bites(count=0)
