"""slow_first_byte: the registry thinks long before it answers."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import GATEWAY_WHERE, Fault, WhereKey
from harness.seams import Delay, RequestKind, Seam, Seams
from harness.units import ChosenShare, PositiveSeconds

_KINDS = (RequestKind.PING, RequestKind.TOKEN, RequestKind.MANIFEST, RequestKind.BLOB)


class SlowFirstByte(Fault):
    """The registry thinks long before it answers, as with a slow database or cold storage.

    Each answer is held back for `delay` before its first byte, and then comes at full speed. Unlike
    latency it can be of one kind of request, `where: {kinds: [manifest]}`, or of one repository.
    Seen as: slower pulls, no event; from 30 s on `net/http: timeout awaiting response headers`.
    """

    area: ClassVar[str] = "performance"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{delay: 200ms}"
    where_keys: ClassVar[frozenset[WhereKey]] = GATEWAY_WHERE
    request_kinds: ClassVar[tuple[RequestKind, ...]] = _KINDS

    delay_s: PositiveSeconds = Field(alias="delay", description="before each first byte")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        return seams.gateway.rule(Delay(first_byte_s=self.delay_s), kinds=_KINDS, share=self.share)
