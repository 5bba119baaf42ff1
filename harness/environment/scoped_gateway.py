"""The gateway as one occurrence of a fault may touch it."""

from dataclasses import dataclass
from typing import Literal, Unpack

from harness.environment.held_images import HeldImages, documents_of
from harness.environment.scoped_rules import ScopedRules
from harness.gateway.orders import RuleOrder, write_order
from harness.oci.documents import AMD64, Platform
from harness.seams import (
    Act,
    Injection,
    Instead,
    OtherImage,
    RequestKind,
    RuleMatch,
    Watch,
    Where,
)

_CONTENT = (RequestKind.MANIFEST, RequestKind.BLOB)


@dataclass(kw_only=True)
class ScopedGateway(ScopedRules):
    """`harness.seams.Gateway` for one occurrence of a fault."""

    kind = "rule"
    held: HeldImages

    def rule(
        self, act: Act, *, kinds: tuple[RequestKind, ...], **narrowed: Unpack[RuleMatch]
    ) -> Injection:
        """See `harness.seams.Gateway.rule`. Entering raises ChildError."""
        where = self.scope.where
        return self._rule(act, where, where.kinds or kinds, narrowed)

    def instead(
        self,
        other: OtherImage,
        *,
        platform: Platform = AMD64,
        share: float = 1.0,
        per: Literal["request", "node"] = "request",
        alone: bool = False,
    ) -> Injection:
        """See `harness.seams.Gateway.instead`. Raises ChildError and ScopeError."""
        where = self.scope.where
        swaps = self.held.swaps(where, self.scope.chance, 1.0, other, platform)
        act = Instead(
            tags=tuple((it.held.repository, it.held.tag, it.variant.top.digest) for it in swaps),
            documents=documents_of(swaps),
            alone=alone,
        )
        return self._rule(act, where, _CONTENT, {"share": share, "per": per})

    def watch(
        self,
        answers: Literal["content", "found", "missing"],
        *,
        kinds: tuple[RequestKind, ...],
        references: tuple[str, ...] = (),
        repository: str | None = None,
    ) -> Injection:
        """Count the requests that changed content answers, and change none; see `Watch`.

        `references`: the digests and tags that are changed; without them all that the repository
        has. `repository` is a name, or a glob. Entering raises ChildError.
        """
        where = Where(repository=repository)
        return self._rule(Watch(answers=answers), where, kinds, {"digests": references})

    def _rule(
        self, act: Act, where: Where, kinds: tuple[RequestKind, ...], narrowed: RuleMatch
    ) -> Injection:
        order = RuleOrder(
            **self.identity(),
            act=act,
            kinds=kinds,
            repository=where.repository,
            layers=where.layers,
            nodes=where.nodes,
            first=where.first,
            **narrowed,
        )
        return self.added(write_order(order))
