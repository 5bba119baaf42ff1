"""token_service_slow: tokens come late; what they are for would not."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import Fault, WhereKey
from harness.seams import Delay, RequestKind, Seam, Seams
from harness.units import ChosenShare, PositiveSeconds


class TokenServiceSlow(Fault):
    """Tokens come late; what they are for would not.

    Each token is held back for `delay`. A pull fetches two, one for the tag and one for the
    content, so that it takes twice as much longer.
    Seen as: slower pulls, also of images that are there but are asked for (policy Always); from
    30 s on `rpc error: code = DeadlineExceeded desc = ... Post "U": net/http: timeout awaiting
    response headers`.
    """

    area: ClassVar[str] = "authentication"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{delay: 500ms}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.TOKEN,)

    delay_s: PositiveSeconds = Field(alias="delay", description="how late each token comes")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        return seams.gateway.rule(
            Delay(first_byte_s=self.delay_s), kinds=(RequestKind.TOKEN,), share=self.share
        )
