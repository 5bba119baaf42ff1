"""The gateway as one occurrence of a fault may touch it: rules added, counted and removed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from harness.environment.held_images import HeldImages, documents_of
from harness.environment.scope import FaultScope
from harness.environment.store import AMD64
from harness.gateway.orders import RuleOrder, write_order
from harness.process.child import ChildError
from harness.process.child_control import ControlChannel
from harness.seams import Act, Bites, Instead, OtherImage, RequestKind, Watch, Where

_CONTENT = (RequestKind.MANIFEST, RequestKind.BLOB)


@dataclass(frozen=True, kw_only=True)
class Match:
    """What narrows a rule beside the fault's scope; see `harness.gateway.orders.RuleOrder`."""

    methods: tuple[str, ...] = ()
    share: float = 1.0
    digests: tuple[str, ...] = ()
    authenticated: bool | None = None
    by: Literal["tag", "digest"] | None = None
    per: Literal["request", "node"] = "request"


@dataclass(kw_only=True)
class ScopedGateway:
    """`harness.seams.Gateway` for one occurrence of a fault."""

    control: ControlChannel
    scope: FaultScope
    numbers: Iterator[int]
    held: HeldImages
    _living: set[str] = field(default_factory=set)
    _ended: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def rule(
        self,
        act: Act,
        *,
        kinds: tuple[RequestKind, ...],
        methods: tuple[str, ...] = (),
        share: float = 1.0,
        digests: tuple[str, ...] = (),
        authenticated: bool | None = None,
        by: Literal["tag", "digest"] | None = None,
        per: Literal["request", "node"] = "request",
    ) -> AsyncIterator[None]:
        """See `harness.seams.Gateway.rule`. Raises ChildError."""
        match = Match(
            methods=methods,
            share=share,
            digests=digests,
            authenticated=authenticated,
            by=by,
            per=per,
        )
        where = self.scope.where
        async with self._added(act, where, where.kinds or kinds, match):
            yield

    @asynccontextmanager
    async def instead(
        self,
        other: OtherImage,
        *,
        platform: tuple[str, str] = AMD64,
        share: float = 1.0,
        per: Literal["request", "node"] = "request",
        alone: bool = False,
    ) -> AsyncIterator[None]:
        """See `harness.seams.Gateway.instead`. Raises ScopeError, ChildError."""
        where = self.scope.where
        swaps = self.held.swaps(where, self.scope.chance, 1.0, other, platform)
        act = Instead(
            tags=tuple((it.held.repository, it.held.tag, it.variant.top.digest) for it in swaps),
            documents=documents_of(swaps),
            alone=alone,
        )
        async with self._added(act, where, _CONTENT, Match(share=share, per=per)):
            yield

    @asynccontextmanager
    async def watch(
        self,
        answers: Literal["content", "found", "missing"],
        *,
        kinds: tuple[RequestKind, ...],
        references: tuple[str, ...] = (),
        repository: str | None = None,
    ) -> AsyncIterator[None]:
        """Count answers about references (digests or tags) without changing them."""
        where = Where(repository=repository)
        async with self._added(Watch(answers=answers), where, kinds, Match(digests=references)):
            yield

    @asynccontextmanager
    async def _added(
        self, act: Act, where: Where, kinds: tuple[RequestKind, ...], match: Match
    ) -> AsyncIterator[None]:
        chance = self.scope.chance
        order = RuleOrder(
            rule=f"{self.scope.fault}.{next(self.numbers)}",
            fault=self.scope.fault,
            act=act,
            kinds=kinds,
            repository=where.repository,
            layers=where.layers,
            nodes=where.nodes,
            seed=chance.seed,
            step=chance.step,
            deadline_s=self.scope.deadline_s,
            **vars(match),
        )
        self._living.add(order.rule)
        try:
            await self.control.ask("add_rule", rule=write_order(order))
            yield
        finally:
            with suppress(ChildError):  # never added, or gone with its process
                answer = await self.control.ask("remove_rule", rule=order.rule)
                self._ended[order.rule] = answer["bites"]
            self._living.discard(order.rule)

    async def bites(self) -> Bites:
        """What all its rules bit so far, by rule in the details. Raises ChildError."""
        seen = dict(self._ended)
        if self._living:
            answer = await self.control.ask("bites", rules=sorted(self._living))
            seen |= answer["bites"]
        return Bites(count=sum(seen.values()), details=seen)
