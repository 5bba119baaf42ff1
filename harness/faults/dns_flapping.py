"""dns_flapping: the registry's name is there, and gone, and there again."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import ResolverFault
from harness.seams import DnsMode, Injection, Seams, Turns
from harness.units import DelaySeconds


class DnsFlapping(ResolverFault):
    """The registry's name resolves only some of the time, as with one bad name server of two.

    The name server gives the wrong `answer` for `wrong`, then the correct one for `right`, in
    turn, starting with the wrong one. Nodes do not cache answers, so each new connection is
    affected or not by chance.
    Seen as: `no such host`, `server misbehaving` or `i/o timeout`, of some pulls only.
    """

    example = "{answer: servfail, wrong: 2s, right: 3s}"

    answer: Literal["nxdomain", "servfail", "refused", "timeout"] = Field(
        "servfail", description="in the wrong turns"
    )
    wrong_s: DelaySeconds = Field(alias="wrong", description="how long a wrong turn is")
    right_s: DelaySeconds = Field(alias="right", description="how long a right turn is")

    def inject(self, seams: Seams) -> Injection:
        turns = Turns(wrong_s=self.wrong_s, right_s=self.right_s)
        return seams.resolver.answering(DnsMode(self.answer), share=self.share, turns=turns)
