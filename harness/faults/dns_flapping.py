"""dns_flapping: the registry's name is there, and gone, and there again."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import DnsMode, Seam, Seams, Turns
from harness.units import ChosenShare, DelaySeconds


class DnsFlapping(Fault):
    """The registry's name is there, and gone, and there again, as with one bad name server of two.

    For `wrong` the name server answers as `answer` says, for `right` with the truth, and so on; it
    begins wrong. A node keeps no answer, so that each new connection takes its chance.
    Seen as: `no such host`, `server misbehaving` or `i/o timeout`, of some pulls only.
    """

    area: ClassVar[str] = "DNS"
    seam: ClassVar[Seam] = Seam.RESOLVER
    example: ClassVar[str] = "{answer: servfail, wrong: 2s, right: 3s}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    answer: Literal["nxdomain", "servfail", "refused", "timeout"] = Field(
        "servfail", description="in the wrong turns"
    )
    wrong_s: DelaySeconds = Field(alias="wrong", description="how long a wrong turn is")
    right_s: DelaySeconds = Field(alias="right", description="how long a right turn is")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        turns = Turns(wrong_s=self.wrong_s, right_s=self.right_s)
        return seams.resolver.answering(DnsMode(self.answer), share=self.share, turns=turns)
