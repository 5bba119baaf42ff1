"""The TLS seam: handshakes with the gateway, as one occurrence of a fault may change them."""

from dataclasses import asdict, dataclass

from harness.environment.authority import Authority
from harness.environment.scoped_rules import ScopedRules
from harness.gateway.handshakes import HandshakeOrder
from harness.seams import Certificate, Injection


@dataclass(kw_only=True)
class ScopedTls(ScopedRules):
    """`harness.seams.Tls` for one occurrence of a fault."""

    kind = "handshake_rule"
    authority: Authority

    def certificate(self, wanted: Certificate, *, share: float = 1.0) -> Injection:
        """See `harness.seams.Tls.certificate`. Entering raises ChildError."""
        return self._rule(self.authority.certificate(wanted), share)

    def held(self, *, drops: bool = False, share: float = 1.0) -> Injection:
        """See `harness.seams.Tls.held`. Entering raises ChildError."""
        return self._rule("", share, drops=drops)

    def _rule(self, certificate: str, share: float, *, drops: bool = False) -> Injection:
        order = HandshakeOrder(
            **self.identity(),
            certificate=certificate,
            drops=drops,
            nodes=self.scope.where.nodes,
            share=share,
        )
        return self.added(asdict(order))
