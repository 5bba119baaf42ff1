"""clock_skew: registry and token service disagree about the time."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import CHALLENGED, GATEWAY_WHERE, Fault, WhereKey
from harness.seams import RequestKind, Seam, Seams, SkewClock
from harness.units import ChosenShare, PositiveSeconds, Seconds


class ClockSkew(Fault):
    """Registry and token service disagree about the time, so that good tokens are refused.

    Tokens (JWT) are judged by a clock that is `by` ahead of the one that they were given out by
    (`registry: ahead`: they have expired as soon as they arrive, if `by` is longer than they live)
    or behind it (`registry: behind`: they are not valid yet). `leeway` is what the registry
    forgives; distribution forgives 60 s. A fresh token is refused as the first one was.
    Seen as: `pull access denied, repository does not exist or may require authorization: server
    message: invalid_token: authorization failed`.
    """

    area: ClassVar[str] = "authentication"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{registry: behind, by: 10m}"
    where_keys: ClassVar[frozenset[WhereKey]] = GATEWAY_WHERE
    request_kinds: ClassVar[tuple[RequestKind, ...]] = CHALLENGED

    by_s: PositiveSeconds = Field(alias="by", description="how far the clocks are apart")
    registry: Literal["ahead", "behind"] = Field(
        "behind", description="whether the registry's clock is ahead or behind"
    )
    # distribution: registry/auth/token/token.go, Leeway
    leeway_s: Seconds = Field(60.0, alias="leeway", description="what the registry forgives")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        ahead_s = self.by_s if self.registry == "ahead" else -self.by_s
        return seams.gateway.rule(
            SkewClock(ahead_s=ahead_s, leeway_s=self.leeway_s),
            kinds=self.request_kinds,
            share=self.share,
            authenticated=True,
        )
